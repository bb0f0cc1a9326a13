#include <utility>

#include "modes/cgi/working_folder.h"
#include "modes/fork/fork_mode.h"
#include "modes/fork/streaming.h"
#include "modes/gateway/application.h"
#include "server/spool.h"

namespace watchdog {

namespace {

// A program's run for one request. A body whose length is not known is collected first, as
// CONTENT_LENGTH is all that many programs go by.
class CgiInvocation final : public StreamingInvocation {
 public:
  // `folder`: that the program runs in where no script is named; empty: ours.
  CgiInvocation(ForkMode& mode, Application& application, const std::string& folder,
                Exchange& exchange, Application::Call call)
      : StreamingInvocation(mode, exchange, CgiResponseReader(), &application.accel_root()),
        application_(application),
        folder_(folder),
        call_(std::move(call)),
        collects_(exchange.request().framing == BodyFraming::kChunked),
        limits_(collection_limits(mode.config())),
        body_(exchange.loop(), limits_) {}

  // False: the exchange has failed.
  bool begin() {
    if (collects_) return true;
    const CgiRequest request = describe();
    return start(&request);
  }

  void on_body(std::string_view bytes) override {
    if (!collects_) return StreamingInvocation::on_body(bytes);
    if (const int error = body_.append(bytes)) refuse_body(error);
  }

  void on_body_end() override {
    if (!collects_) return StreamingInvocation::on_body_end();
    const CgiRequest request = describe(body_.size());
    auto file = body_.take_file();
    if (!file) return refuse_body(file.error());
    start(&request, file->get());
  }

 private:
  std::string local_target(std::string_view location) const override {
    return without_prefix(location, call_.prefix);
  }

  CgiRequest describe(std::optional<uint64_t> collected = {}) {
    CgiRequest request = application_.describe(exchange(), call_, collected);
    request.folder = call_.script.name.empty() ? folder_ : folder_of(call_.script.file);
    return request;
  }

  void refuse_body(int error) {
    const BodyRefusal refusal = explain_spool_error(error, limits_);
    exchange().fail(refusal.failure, refusal.detail);
  }

  const Application& application_;
  const std::string& folder_;
  Application::Call call_;
  const bool collects_;
  const CollectionLimits limits_;
  Spool body_;
};

class CgiMode final : public ForkMode {
 public:
  CgiMode(const ModeContext& context, Application::Parts parts)
      : ForkMode(context, FunctionEnvironment::Lengths::kWithBody,
                 absolute_command(context.config.command)),
        application_(context, std::move(parts)),
        folder_(program_folder(context.config.command)) {}

  std::unique_ptr<Invocation> invoke(Exchange& exchange) override {
    auto routed = application_.route(exchange);
    auto* const call = std::get_if<Application::Call>(&routed);
    if (call == nullptr) return std::get<std::unique_ptr<Invocation>>(std::move(routed));
    auto invocation =
        std::make_unique<CgiInvocation>(*this, application_, folder_, exchange, std::move(*call));
    if (!invocation->begin()) return nullptr;
    return invocation;
  }

 private:
  Application application_;
  const std::string folder_;  // see CgiInvocation
};

}  // namespace

Result<std::unique_ptr<Mode>> make_cgi_mode(const ModeContext& context) {
  auto parts = Application::find_parts(context.config);
  if (!parts) return Error{parts.error()};
  return std::make_unique<CgiMode>(context, std::move(*parts));
}

}  // namespace watchdog

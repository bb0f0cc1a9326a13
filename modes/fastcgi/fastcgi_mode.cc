#include "modes/fastcgi/fastcgi_mode.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "modes/fastcgi/fastcgi_records.h"
#include "modes/fastcgi/fastcgi_response_reader.h"
#include "modes/gateway/application.h"
#include "modes/upstream/upstream_invocation.h"
#include "modes/upstream/upstream_mode.h"
#include "process/system.h"
#include "server/worker.h"

namespace watchdog {

namespace {

using fastcgi::Type;

// How long a count of processes is believed.
constexpr auto kCountedFor = std::chrono::milliseconds(100);

std::unique_ptr<ResponseReader> make_fastcgi_reader() {
  return std::make_unique<FastcgiResponseReader>();
}

// A script of php-fpm may go on after its answer has ended (fastcgi_finish_request), and the next
// request on that connection would wait for it, though other processes are idle. What somebody
// else's server does we cannot know.
fastcgi::AfterRequest choose_after_request(const Config& config) {
  const bool may_go_on =
      config.command.empty() || std::ranges::any_of(config.command, [](const std::string& word) {
        return word.find("fpm") != std::string::npos;
      });
  return may_go_on ? fastcgi::AfterRequest::kClose : fastcgi::AfterRequest::kKeepConnection;
}

class FastcgiMode final : public UpstreamMode {
 public:
  explicit FastcgiMode(const ModeContext& context)
      : UpstreamMode(context, make_fastcgi_reader, UpstreamPool::Spares::kClosed),
        application_(context),
        after_request_(choose_after_request(context.config)) {}

  std::unique_ptr<Invocation> invoke(Exchange& exchange) override;

  Application& application() { return application_; }
  fastcgi::AfterRequest after_request() const { return after_request_; }
  // How many connections to that instance this worker may keep open. A process of most servers
  // (PHP's are) serves one connection and nothing else while that is open: with more connections
  // than processes somebody would wait for nothing.
  size_t connections_to_keep(const Instance& instance);

 private:
  struct Count {
    unsigned processes = 1;
    Instant at{};
  };

  Application application_;
  const fastcgi::AfterRequest after_request_;
  std::map<const Instance*, Count> counts_;
};

// A request as the records of a FastCGI responder. A body whose length is not known is collected
// first, as CONTENT_LENGTH is all that many programs go by.
class FastcgiInvocation final : public UpstreamInvocation {
 public:
  FastcgiInvocation(FastcgiMode& mode, Exchange& of, Application::Call call)
      : UpstreamInvocation(mode, of), mode_(mode), call_(std::move(call)) {}
  ~FastcgiInvocation() override { give_up(fastcgi::abort_request(id())); }

  bool collects() const override { return exchange().request().framing == BodyFraming::kChunked; }

 private:
  std::optional<std::string> append_request(std::string& out, const Instance&,
                                            const uint64_t* collected) const override {
    fastcgi::append_begin_request(out, id(), mode_.after_request());
    fastcgi::ParamsWriter params(out, id());
    const auto length = collected != nullptr ? std::optional(*collected) : std::nullopt;
    add_cgi_variables(params, mode_.application().describe(exchange(), call_, length));
    params.end();
    const bool has_body = collected != nullptr ? *collected > 0 : exchange().request().has_body();
    if (!has_body) out += body_end();
    if (params.too_large().empty()) return std::nullopt;
    return fmt::format("{} is larger than a FastCGI record, 64 KiB", params.too_large());
  }

  Frame frame(size_t size) const override {
    Frame around;
    fastcgi::append_header(around.before, Type::kStdin, id(), size);
    return around;
  }

  std::string body_end() const override {
    std::string end;
    fastcgi::append_header(end, Type::kStdin, id(), 0);
    return end;
  }

  std::string local_target(std::string_view location) const override {
    return without_prefix(location, call_.prefix);
  }

  AccelRoot* accel_root() override { return &mode_.application().accel_root(); }

  bool may_keep(const Upstream& upstream) const override {
    return mode_.after_request() == fastcgi::AfterRequest::kKeepConnection &&
           upstream.instance.in_flight + upstream.pool.idle() <
               mode_.connections_to_keep(upstream.instance);
  }

  uint16_t id() const { return fastcgi::request_id(request_number()); }

  FastcgiMode& mode_;
  const Application::Call call_;
};

std::unique_ptr<Invocation> FastcgiMode::invoke(Exchange& exchange) {
  std::unique_ptr<Invocation> response;
  auto call = application_.route(exchange, response);
  if (!call) return response;
  auto invocation = std::make_unique<FastcgiInvocation>(*this, exchange, std::move(*call));
  invocation->start();
  return invocation;
}

size_t FastcgiMode::connections_to_keep(const Instance& instance) {
  Count& count = counts_[&instance];
  const Instant now = context().loop.now();
  const pid_t pid = instance.pid;
  if (pid != 0 && now - count.at > kCountedFor) {
    count = {std::max(1U, count_children(pid)), now};
  }
  return count.processes / worker_count(context().config);
}

}  // namespace

std::unique_ptr<Mode> make_fastcgi_mode(const ModeContext& context) {
  return std::make_unique<FastcgiMode>(context);
}

}  // namespace watchdog

#include "modes/upstream/http_mode.h"

#include "http/forward.h"
#include "http/http_response_reader.h"
#include "modes/upstream/upstream_invocation.h"
#include "modes/upstream/upstream_mode.h"

namespace watchdog {

namespace {

// HTTP/1.1: a body keeps its framing, and a chunked one is collected only where
// http_buffer_req_body says so.
class HttpInvocation final : public UpstreamInvocation {
 public:
  using UpstreamInvocation::UpstreamInvocation;

  bool collects() const override { return config().buffer_request_body && chunked(); }

 private:
  bool chunked() const { return exchange().request().framing == BodyFraming::kChunked; }

  std::optional<std::string> append_request(std::string& out, const Instance& instance,
                                            const uint64_t* collected) const override {
    append_forwarded_head(out, exchange().request(), {instance.upstream.prefix, instance.authority},
                          collected);
    return std::nullopt;
  }

  Frame frame(size_t size) const override {
    if (!chunked() || collects()) return {};
    Frame around{.before = {}, .after = "\r\n"};
    append_chunk_header(around.before, size);
    return around;
  }

  std::string body_end() const override {
    if (!chunked() || collects()) return {};
    return "0\r\n" + forwarded_trailers(exchange().trailers()) + "\r\n";
  }
};

std::unique_ptr<ResponseReader> make_response_reader() {
  return std::make_unique<HttpResponseReader>();
}

class HttpMode final : public UpstreamMode {
 public:
  explicit HttpMode(const ModeContext& context)
      : UpstreamMode(context, make_response_reader, UpstreamPool::Spares::kKept) {}

  std::unique_ptr<Invocation> invoke(Exchange& exchange) override {
    auto invocation = std::make_unique<HttpInvocation>(*this, exchange);
    // What is collected here is asked for here; else the function says whether it wants the body.
    // What is not collected the function may refuse before it has come.
    if (!invocation->collects()) exchange.leave_continue_to_function();
    invocation->start();
    return invocation;
  }
};

}  // namespace

std::unique_ptr<Mode> make_http_mode(const ModeContext& context) {
  return std::make_unique<HttpMode>(context);
}

}  // namespace watchdog

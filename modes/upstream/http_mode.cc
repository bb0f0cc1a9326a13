#include "modes/upstream/http_mode.h"

#include "modes/upstream/http_protocol.h"
#include "modes/upstream/upstream_invocation.h"
#include "modes/upstream/upstreams.h"

namespace watchdog {

namespace {

class HttpMode final : public Mode {
 public:
  explicit HttpMode(const ModeContext& context)
      : protocol_(context.config.buffer_request_body ? HttpProtocol::Chunked::kCollected
                                                     : HttpProtocol::Chunked::kPassedOn),
        upstreams_(context.loop, context.config, context.function, protocol_) {}

  std::unique_ptr<Invocation> invoke(Exchange& exchange) override {
    // Where the body is collected, we ask the client for it (100 Continue); else the function does,
    // as it may refuse the body before it has come.
    if (!protocol_.collects(exchange.request())) exchange.leave_continue_to_function();
    return std::make_unique<UpstreamInvocation>(upstreams_, exchange);
  }
  void release_idle() override { upstreams_.close_idle(); }
  std::unique_ptr<ReadinessProbe> readiness_probe() override {
    return upstreams_.readiness_probe();
  }

 private:
  const HttpProtocol protocol_;
  Upstreams upstreams_;
};

}  // namespace

Result<std::unique_ptr<Mode>> make_http_mode(const ModeContext& context) {
  return std::make_unique<HttpMode>(context);
}

}  // namespace watchdog

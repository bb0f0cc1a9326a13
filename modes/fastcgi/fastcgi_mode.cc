#include "modes/fastcgi/fastcgi_mode.h"

#include <utility>

#include "modes/fastcgi/fastcgi_protocol.h"
#include "modes/gateway/application.h"
#include "modes/upstream/upstream_invocation.h"
#include "modes/upstream/upstreams.h"

namespace watchdog {

namespace {

class FastcgiMode final : public Mode {
 public:
  FastcgiMode(const ModeContext& context, Application::Parts parts)
      : application_(context, std::move(parts)),
        protocol_(context.loop, context.config, application_),
        upstreams_(context.loop, context.config, context.function, protocol_) {}

  std::unique_ptr<Invocation> invoke(Exchange& exchange) override {
    auto routed = application_.route(exchange);
    auto* const call = std::get_if<Application::Call>(&routed);
    if (call == nullptr) return std::get<std::unique_ptr<Invocation>>(std::move(routed));
    return std::make_unique<UpstreamInvocation>(upstreams_, exchange, std::move(*call),
                                                &application_.accel_root());
  }
  void release_idle() override { upstreams_.close_idle(); }
  std::unique_ptr<ReadinessProbe> readiness_probe() override {
    return upstreams_.readiness_probe();
  }

 private:
  Application application_;
  const FastcgiProtocol protocol_;
  Upstreams upstreams_;
};

}  // namespace

Result<std::unique_ptr<Mode>> make_fastcgi_mode(const ModeContext& context) {
  auto parts = Application::find_parts(context.config);
  if (!parts) return Error{parts.error()};
  return std::make_unique<FastcgiMode>(context, std::move(*parts));
}

}  // namespace watchdog

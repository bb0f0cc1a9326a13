#pragma once

#include "auth/authenticator.h"
#include "server/exchange.h"
#include "server/gate.h"
#include "server/health.h"
#include "server/mode.h"
#include "server/service.h"

namespace watchdog {

// Serves the function's port: /_/health, /_/ready and the probes of Knative are the watchdog's own
// and for everybody; at every other path the function answers, where the caller may and there is a
// slot. One per Worker.
class FunctionService final : public Service {
 public:
  FunctionService(const ServerContext& context, const Health& health, Lifecycle& lifecycle,
                  Gate& gate, Mode& mode, Authenticator* authenticator)
      : context_(context),
        health_(health),
        lifecycle_(lifecycle),
        gate_(gate),
        mode_(mode),
        authenticator_(authenticator) {}

  void serve(Exchange& exchange) override;
  bool keep_alive() const override { return lifecycle_.stage() <= Stage::kServing; }
  bool closing() const override { return lifecycle_.stage() >= Stage::kClosing; }

 private:
  // Goes on with admit(), at once or when a signed body has come, or refuses.
  void check_caller(Exchange& exchange);
  // Has the mode answer as soon as there is a slot.
  void admit(Exchange& exchange);
  void serve_ready(Exchange& exchange);

  const ServerContext& context_;
  const Health& health_;
  Lifecycle& lifecycle_;
  Gate& gate_;
  Mode& mode_;
  Authenticator* const authenticator_;  // null: everybody may call
};

}  // namespace watchdog

#pragma once

#include "server/exchange.h"
#include "server/gate.h"
#include "server/health.h"
#include "server/mode.h"
#include "server/service.h"

namespace watchdog {

// Serves the function's port: /_/health and /_/ready are the watchdog's own, at every other path
// the function answers, where it has a slot. One per Worker.
class FunctionService final : public Service {
 public:
  FunctionService(const ServerContext& context, const Health& health, Lifecycle& lifecycle,
                  Gate& gate, Mode& mode)
      : context_(context), health_(health), lifecycle_(lifecycle), gate_(gate), mode_(mode) {}

  void serve(Exchange& exchange) override;
  bool keep_alive() const override { return lifecycle_.stage() <= Stage::kServing; }
  bool closing() const override { return lifecycle_.stage() >= Stage::kClosing; }

 private:
  void serve_ready(Exchange& exchange);

  const ServerContext& context_;
  const Health& health_;
  Lifecycle& lifecycle_;
  Gate& gate_;
  Mode& mode_;
};

// Serves the metrics port: /metrics, and /_/health too, which can be asked here when the function's
// port can take no more connections. Owned by the Watchdog.
class MetricsService final : public Service {
 public:
  MetricsService(const Metrics& metrics, const Health& health)
      : metrics_(metrics), health_(health) {}

  void serve(Exchange& exchange) override;
  bool keep_alive() const override { return true; }

 private:
  const Metrics& metrics_;
  const Health& health_;
};

}  // namespace watchdog

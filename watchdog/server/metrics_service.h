#pragma once

#include "function/function_state.h"
#include "server/drain.h"
#include "server/health.h"
#include "server/metrics.h"
#include "server/service.h"
#include "server/status_page.h"

namespace watchdog {

// Serves the metrics port, which only the platform should reach: /metrics; /_/health too, which can
// be asked here when the function's port can take no more connections; and /wait-for-drain, for a
// preStop hook (Drain::prepare). The status page, where there is one. Owned by the Watchdog.
class MetricsService final : public Service {
 public:
  MetricsService(const Metrics& metrics, const FunctionState& function, const Health& health,
                 Drain& drain)
      : metrics_(metrics), function_(function), health_(health), drain_(drain) {}

  // Before it serves. `page` outlives it.
  void add(const StatusPage& page) { status_ = &page; }
  void serve(Exchange& exchange) override;
  bool keep_alive() const override { return true; }

 private:
  void answer_metrics(Exchange& exchange);
  void wait_for_drain(Exchange& exchange);

  const Metrics& metrics_;
  const FunctionState& function_;
  const Health& health_;
  Drain& drain_;
  const StatusPage* status_ = nullptr;
};

}  // namespace watchdog

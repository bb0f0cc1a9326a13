#pragma once

#include "net/timer.h"
#include "server/exchange.h"
#include "server/gate.h"
#include "server/mode.h"

namespace watchdog {

// A request that waits for a slot. It stands in its exchange in the place of the mode's invocation;
// nothing of the request's body is read meanwhile.
class QueuedRequest final : public Invocation {
 public:
  // Fails the request after `limit` (queue_timeout); 0 is no limit.
  QueuedRequest(Exchange& exchange, Gate& gate, Mode& mode, Metrics& metrics, Duration limit);
  ~QueuedRequest() override;

  void on_body(std::string_view) override {}
  void on_body_end() override {}
  void on_stopping() override;

 private:
  Exchange& exchange_;
  Metrics& metrics_;
  const Instant since_;
  Gate::Waiter waiter_;
  Timer deadline_;
};

}  // namespace watchdog

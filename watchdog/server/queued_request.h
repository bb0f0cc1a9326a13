#pragma once

#include "net/timer.h"
#include "server/exchange.h"
#include "server/gate.h"
#include "server/mode.h"

namespace watchdog {

// A request that waits until there is a slot for it. Stands in its exchange for the invocation that
// will answer it; nothing of its body is read meanwhile.
class QueuedRequest final : public Invocation {
 public:
  // `patience` 0: for ever.
  QueuedRequest(Exchange& exchange, Gate& gate, Mode& mode, Metrics& metrics, Duration patience);
  ~QueuedRequest() override;

  void on_body(std::string_view) override {}
  void on_body_end() override {}
  void on_stopping() override;

 private:
  Exchange& exchange_;
  Metrics& metrics_;
  const Instant since_;
  Gate::Waiter waiter_;
  Timer patience_;
};

}  // namespace watchdog

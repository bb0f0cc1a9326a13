#include "server/queued_request.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"

namespace watchdog {

QueuedRequest::QueuedRequest(Exchange& exchange, Gate& gate, Mode& mode, Metrics& metrics,
                             Duration limit)
    : exchange_(exchange),
      metrics_(metrics),
      since_(exchange.loop().now()),
      waiter_(gate, exchange.loop(),
              [this, &mode](Slot slot) { exchange_.run(mode, std::move(slot)); }),
      deadline_(exchange.loop(), [this, limit] {
        ++metrics_.queue_timeouts;
        exchange_.fail(
            Failure::kQueueTimeout,
            fmt::format("there was no slot within queue_timeout={}", format_duration(limit)));
      }) {
  exchange.enter(Phase::kQueue);
  exchange.pause_upload();
  ++metrics_.requests_queued;
  if (limit > Duration::zero()) deadline_.set_after(limit);
}

QueuedRequest::~QueuedRequest() {
  --metrics_.requests_queued;
  metrics_.queue_seconds.observe(exchange_.loop().now() - since_);
}

void QueuedRequest::on_stopping() {
  exchange_.fail(Failure::kDraining, "there was no slot for it before the end");
}

}  // namespace watchdog

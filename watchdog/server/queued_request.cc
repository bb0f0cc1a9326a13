#include "server/queued_request.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"

namespace watchdog {

QueuedRequest::QueuedRequest(Exchange& exchange, Gate& gate, Mode& mode, Metrics& metrics,
                             Duration patience)
    : exchange_(exchange),
      metrics_(metrics),
      since_(exchange.loop().now()),
      waiter_(gate, exchange.loop(),
              [this, &mode](Slot slot) { exchange_.run(mode, std::move(slot)); }),
      patience_(exchange.loop(), [this, patience] {
        ++metrics_.queue_timeouts;
        exchange_.fail(
            Failure::kQueueTimeout,
            fmt::format("there was no slot within queue_timeout={}", format_duration(patience)));
      }) {
  exchange.pause_upload();
  ++metrics_.requests_queued;
  if (patience > Duration::zero()) patience_.set_after(patience);
}

QueuedRequest::~QueuedRequest() {
  --metrics_.requests_queued;
  metrics_.queue_seconds.observe(exchange_.loop().now() - since_);
}

void QueuedRequest::on_stopping() {
  exchange_.fail(Failure::kDraining, "there was no slot for it before the end");
}

}  // namespace watchdog

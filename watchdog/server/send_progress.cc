#include "server/send_progress.h"

#include <utility>

#include "net/socket_status.h"

namespace watchdog {

SendProgress::SendProgress(Loop& loop, const Config& config, const Stream& stream,
                           std::function<void()> on_stuck)
    : config_(config),
      stream_(stream),
      on_stuck_(std::move(on_stuck)),
      timer_(loop, [this] { look(); }) {}

void SendProgress::note_sent(uint64_t bytes) {
  sent_ += bytes;
  if (timer_.armed()) return;
  taken_ = 0;
  timer_.set_after(config_.write_timeout);
}

void SendProgress::look() {
  if (stream_.drained()) return;
  const uint64_t taken = sent_ - stream_.pending() - unacknowledged_bytes(stream_.fd());
  if (taken == taken_) return on_stuck_();
  taken_ = taken;
  timer_.set_after(config_.write_timeout);
}

}  // namespace watchdog

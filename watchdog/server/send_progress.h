#pragma once

#include <cstdint>
#include <functional>

#include "config/config.h"
#include "net/stream.h"
#include "net/timer.h"

namespace watchdog {

// Notices a client that takes nothing of what is sent to it for write_timeout. A member of its
// Connection.
//
// What counts is what the client's kernel has acknowledged. Whether our socket becomes writable
// says little: that happens in leaps of a megabyte.
class SendProgress {
 public:
  // `on_stuck` may destroy what is above, but not at once (Loop::retire).
  SendProgress(Loop& loop, const Config& config, const Stream& stream,
               std::function<void()> on_stuck);

  // These bytes have just been handed to the stream.
  void note_sent(uint64_t bytes);
  // All that was sent has left.
  void note_drained() { timer_.clear(); }

 private:
  void look();

  const Config& config_;
  const Stream& stream_;
  std::function<void()> on_stuck_;
  uint64_t sent_ = 0;   // handed to the stream, ever
  uint64_t taken_ = 0;  // how many of them the client had taken at the last look
  Timer timer_;
};

}  // namespace watchdog

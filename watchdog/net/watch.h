#pragma once

#include <functional>

#include "base/fd.h"
#include "net/loop.h"

namespace watchdog {

// Calls `on_ready` whenever a descriptor that is not a byte stream is ready: a pidfd, a signalfd, a
// listening socket, a socket that is connecting. Owns the descriptor; destroying the Watch closes
// it, also from within `on_ready` by way of Loop::retire().
class Watch {
 public:
  enum class For { kReading, kWriting };

  Watch(Loop& loop, Fd fd, std::function<void()> on_ready, For what = For::kReading);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  void pause();
  void resume();
  int fd() const { return fd_.get(); }
  // Gives the descriptor away. Only the destructor may be called afterwards.
  Fd release();

 private:
  struct Core;
  Fd fd_;
  For what_;
  Core* core_;  // closes and frees itself
};

}  // namespace watchdog

#pragma once

#include <functional>

#include "base/fd.h"
#include "net/loop.h"

namespace watchdog {

// Calls `on_ready` whenever a descriptor that is no byte stream (a pidfd, a signalfd, a listening
// socket, one that is connecting) is ready. Owns the descriptor; destroying the Watch closes it.
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
  // Gives the descriptor away; nothing may be asked of this Watch after.
  Fd release();

 private:
  struct Core;
  Fd fd_;
  For what_;
  Core* core_;  // closes and frees itself
};

}  // namespace watchdog

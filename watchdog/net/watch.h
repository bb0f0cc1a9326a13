#pragma once

#include <functional>

#include "base/fd.h"
#include "net/loop.h"

namespace watchdog {

// Calls `on_readable` whenever a descriptor that is no byte stream (a pidfd, a signalfd, a
// listening socket) can be read. Owns the descriptor; destroying the Watch closes it.
class Watch {
 public:
  Watch(Loop& loop, Fd fd, std::function<void()> on_readable);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  void pause();
  void resume();
  int fd() const { return fd_.get(); }

 private:
  struct Core;
  Fd fd_;
  Core* core_;  // closes and frees itself
};

}  // namespace watchdog

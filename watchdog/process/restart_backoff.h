#pragma once

#include <algorithm>
#include <utility>

#include "base/time.h"

namespace watchdog {

// How long to wait before a process that has ended is started again: twice as long each time, until
// one has been up for a while.
class RestartBackoff {
 public:
  static constexpr Duration kFirst = std::chrono::milliseconds(100);
  static constexpr Duration kMost = std::chrono::seconds(10);
  static constexpr Duration kHealthyAfter = std::chrono::seconds(30);

  // The wait after a process that was up for so long.
  Duration after(Duration uptime) {
    if (uptime >= kHealthyAfter) reset();
    return std::exchange(next_, std::min(next_ * 2, kMost));
  }
  void reset() { next_ = kFirst; }

 private:
  Duration next_ = kFirst;
};

}  // namespace watchdog

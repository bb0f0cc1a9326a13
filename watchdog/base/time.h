#pragma once

#include <chrono>

namespace watchdog {

using Duration = std::chrono::nanoseconds;

// A moment of the monotonic clock; never a date.
using Instant = std::chrono::steady_clock::time_point;

inline double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace watchdog

#pragma once

#include "net/loop.h"

namespace watchdog {

// Time that passes only when a test says so.
class FakeClock final : public Clock {
 public:
  Instant now() const override { return now_; }
  void advance(Duration by) { now_ += by; }

 private:
  Instant now_{std::chrono::hours(1)};
};

// Runs the loop until `done`, for a few seconds at most; for tests that wait for the kernel.
template <typename Done>
bool poll_until(Loop& loop, Done done) {
  const Instant end = real_clock().now() + std::chrono::seconds(10);
  while (!done()) {
    if (real_clock().now() > end) return false;
    loop.poll();
  }
  return true;
}

}  // namespace watchdog

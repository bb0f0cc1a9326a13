#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace watchdog {

constexpr std::array<Duration, 11> bounds_in_seconds(const std::array<double, 11>& numbers) {
  std::array<Duration, 11> bounds{};
  for (size_t i = 0; i < bounds.size(); ++i) {
    bounds[i] = Duration(static_cast<int64_t>(numbers[i] * 1e9 + 0.5));
  }
  return bounds;
}

// A Prometheus histogram of seconds. Any thread may observe.
class Histogram {
 public:
  using Bounds = std::array<Duration, 11>;
  // Those of Prometheus, made for responses over a network.
  static constexpr Bounds kBounds =
      bounds_in_seconds({.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10});
  // For starting a process, which usually takes a fraction of a millisecond.
  static constexpr Bounds kSpawnBounds =
      bounds_in_seconds({.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, 1});
  // For a server that gets ready: from one in C to one in Java with much to load.
  static constexpr Bounds kReadyBounds =
      bounds_in_seconds({.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30});
  static constexpr size_t kBuckets = std::tuple_size_v<Bounds> + 1;  // last: beyond all

  // `bounds` outlives the histogram.
  explicit Histogram(const Bounds& bounds = kBounds) : bounds_(bounds) {}

  // Returns the bucket. A negative duration counts as none.
  size_t observe(Duration duration);
  uint64_t count() const;
  const Bounds& bounds() const { return bounds_; }
  // The observations in one bucket, without those in the buckets below it.
  uint64_t in_bucket(size_t bucket) const {
    return buckets_[bucket].load(std::memory_order_relaxed);
  }
  Duration sum() const { return Duration(nanoseconds_.load(std::memory_order_relaxed)); }

 private:
  const Bounds& bounds_;
  std::array<std::atomic<uint64_t>, kBuckets> buckets_{};
  std::atomic<uint64_t> nanoseconds_{0};
};

}  // namespace watchdog

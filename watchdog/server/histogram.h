#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace watchdog {

constexpr std::array<Duration, 11> in_microseconds(const std::array<int, 11>& numbers) {
  std::array<Duration, 11> bounds{};
  for (size_t i = 0; i < bounds.size(); ++i) bounds[i] = std::chrono::microseconds(numbers[i]);
  return bounds;
}

// A Prometheus histogram of seconds. Any thread may observe.
class Histogram {
 public:
  using Bounds = std::array<Duration, 11>;
  // Those of Prometheus, made for responses over a network.
  static constexpr Bounds kBounds =
      in_microseconds({5'000, 10'000, 25'000, 50'000, 100'000, 250'000, 500'000, 1'000'000,
                       2'500'000, 5'000'000, 10'000'000});
  // For starting a process, which usually takes a fraction of a millisecond.
  static constexpr Bounds kSpawnBounds = in_microseconds(
      {100, 250, 500, 1'000, 2'500, 5'000, 10'000, 25'000, 50'000, 100'000, 1'000'000});
  // For a server that gets ready: from one in C to one in Java with much to load.
  static constexpr Bounds kReadyBounds =
      in_microseconds({10'000, 25'000, 50'000, 100'000, 250'000, 500'000, 1'000'000, 2'500'000,
                       5'000'000, 10'000'000, 30'000'000});
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

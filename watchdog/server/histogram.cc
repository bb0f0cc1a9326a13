#include "server/histogram.h"

#include <algorithm>

namespace watchdog {

size_t Histogram::observe(Duration duration) {
  duration = std::max(duration, Duration::zero());
  const auto* const bound = std::lower_bound(bounds_.begin(), bounds_.end(), duration);
  const auto bucket = static_cast<size_t>(bound - bounds_.begin());
  buckets_[bucket].fetch_add(1, std::memory_order_relaxed);
  nanoseconds_.fetch_add(static_cast<uint64_t>(duration.count()), std::memory_order_relaxed);
  return bucket;
}

uint64_t Histogram::count() const {
  uint64_t count = 0;
  for (const auto& bucket : buckets_) count += bucket.load(std::memory_order_relaxed);
  return count;
}

}  // namespace watchdog

#pragma once

#include <time.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <optional>

#include "base/time.h"
#include "base/trace_ids.h"
#include "server/histogram.h"

namespace watchdog {

// For each bucket of a histogram the last observation that has a trace. Any thread may note and
// read; nobody waits: who meets another at a bucket leaves it.
class Exemplars {
 public:
  struct Exemplar {
    TraceIds ids;
    Duration value{};
    timespec noted_at{};  // since 1970, to a few milliseconds
  };

  void note(size_t bucket, const TraceIds& ids, Duration value) {
    Place& place = places_[bucket];
    if (place.busy.test_and_set(std::memory_order_acquire)) return;
    Exemplar& exemplar = place.last.emplace(Exemplar{.ids = ids, .value = value});
    clock_gettime(CLOCK_REALTIME_COARSE, &exemplar.noted_at);
    place.busy.clear(std::memory_order_release);
  }

  // Returns nothing where there is none, or one is just being noted.
  std::optional<Exemplar> read(size_t bucket) const {
    const Place& place = places_[bucket];
    if (place.busy.test_and_set(std::memory_order_acquire)) return std::nullopt;
    const std::optional<Exemplar> last = place.last;
    place.busy.clear(std::memory_order_release);
    return last;
  }

 private:
  struct Place {
    mutable std::atomic_flag busy;  // guards `last`
    std::optional<Exemplar> last;
  };
  std::array<Place, Histogram::kBuckets> places_;
};

}  // namespace watchdog

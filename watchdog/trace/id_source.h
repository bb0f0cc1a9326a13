#pragma once

#include <array>
#include <cstdint>

#include "base/time.h"
#include "base/trace_ids.h"

namespace watchdog {

// Makes the ids of traces and spans: numbers that no two processes make alike, but no secrets. They
// come from a generator (xoshiro256++ of Blackman and Vigna) that the kernel's random bytes start,
// as a system call for each costs more than a span. They start it anew after a second, and after
// kMostIds ids (two at once count once): processes of virtual machines that were restored from one
// snapshot make the same ids no longer than that. Used on one thread.
class IdSource {
 public:
  static constexpr unsigned kMostIds = 1024;

  // Makes the ids of a trace and of its first span. No id is all zeros.
  void begin_trace(TraceIds& ids, Instant now);
  void make_span_id(std::array<char, 16>& id, Instant now);

 private:
  void put_sixteen(char* digits);
  uint64_t next();
  void seed_if_due(Instant now);

  std::array<uint64_t, 4> state_{};
  unsigned left_ = 0;  // until the next seed
  Instant seeded_{};   // when the last one was
};

}  // namespace watchdog

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/trace_ids.h"

namespace watchdog {

// Makes the ids of traces and spans: numbers that no two processes make alike, but no secrets. They
// come from a generator (xoshiro256++ of Blackman and Vigna) that the kernel's random bytes start,
// as a system call for each costs more than all else of a span. They start it anew after kMostIds
// ids and in each second: processes of virtual machines that were restored from one snapshot make
// the same ids no longer than that. Used on one thread.
class IdSource {
 public:
  static constexpr unsigned kMostIds = 1024;

  // Each is never all zeros.
  void make_trace_id(std::array<char, 32>& id) { make(id); }
  void make_span_id(std::array<char, 16>& id) { make(id); }

 private:
  void make(std::span<char> digits);
  uint64_t next();
  void seed_if_due();

  std::array<uint64_t, 4> state_{};
  unsigned left_ = 0;   // ids until the next seed
  int64_t second_ = 0;  // of the last seed
};

}  // namespace watchdog

#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace watchdog {

struct ByteRange {
  uint64_t first = 0;
  uint64_t size = 0;
  uint64_t last() const { return first + size - 1; }
  bool operator==(const ByteRange&) const = default;
};

// The parts that a Range field selects of a representation.
struct RangeRequest {
  enum class Kind {
    kWhole,          // answer as if there were no Range
    kPartial,        // 206 with `ranges`
    kUnsatisfiable,  // 416
  };
  Kind kind = Kind::kWhole;
  // In the order of the field; in the order of the file, and merged, where some overlapped. None is
  // empty.
  std::vector<ByteRange> ranges{};
};

// Where a field has more ranges than this, or ranges that add up to the whole and more, the whole
// is sent (RFC 9110 14.2, 17.15).
inline constexpr size_t kMostRanges = 16;

// Reads the value of a Range field for a representation of `length` bytes (RFC 9110 14.1).
RangeRequest resolve_range(std::string_view value, uint64_t length);

}  // namespace watchdog

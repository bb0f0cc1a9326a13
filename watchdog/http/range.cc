#include "http/range.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "base/text.h"

namespace watchdog {

namespace {

// A whole number; one too large to hold is the largest. Nothing when it is not one.
std::optional<uint64_t> parse_number(std::string_view text) {
  constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();
  if (text.empty()) return std::nullopt;
  uint64_t number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<uint64_t>(c - '0');
    number = number > (kMost - digit) / 10 ? kMost : number * 10 + digit;
  }
  return number;
}

// "0-499", "500-" or "-500". Nothing when it is malformed; an empty range when it is unsatisfiable.
std::optional<ByteRange> parse_spec(std::string_view spec, uint64_t length) {
  const size_t dash = spec.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view before = spec.substr(0, dash);
  const std::string_view after = spec.substr(dash + 1);
  if (before.empty()) {
    const auto suffix = parse_number(after);
    if (!suffix) return std::nullopt;
    const uint64_t size = std::min(*suffix, length);
    return ByteRange{length - size, size};
  }
  const auto first = parse_number(before);
  const auto last = after.empty() ? std::numeric_limits<uint64_t>::max() : parse_number(after);
  if (!first || !last || *last < *first) return std::nullopt;
  if (*first >= length) return ByteRange{};
  return ByteRange{*first, std::min(*last, length - 1) - *first + 1};
}

bool overlap(const std::vector<ByteRange>& ranges) {
  for (size_t i = 0; i < ranges.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (ranges[i].first <= ranges[j].last() && ranges[j].first <= ranges[i].last()) return true;
    }
  }
  return false;
}

std::vector<ByteRange> merged(std::vector<ByteRange> ranges) {
  std::ranges::sort(ranges, {}, &ByteRange::first);
  std::vector<ByteRange> out;
  for (const ByteRange& range : ranges) {
    if (out.empty() || range.first > out.back().last() + 1) {
      out.push_back(range);
    } else {
      out.back().size = std::max(out.back().last(), range.last()) - out.back().first + 1;
    }
  }
  return out;
}

}  // namespace

RangeRequest resolve_range(std::string_view value, uint64_t length) {
  using Kind = RangeRequest::Kind;
  constexpr std::string_view kUnit = "bytes=";
  if (!equals_ignoring_case(value.substr(0, kUnit.size()), kUnit)) return {};
  std::string_view rest = value.substr(kUnit.size());
  std::vector<ByteRange> ranges;
  uint64_t total = 0;
  size_t count = 0;
  while (!rest.empty()) {
    const size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view spec = trim(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    if (spec.empty()) continue;  // RFC 9110 5.6.1.2
    if (++count > kMostRanges) return {};
    const auto range = parse_spec(spec, length);
    if (!range) return {};
    if (range->size == 0) continue;
    ranges.push_back(*range);
    total += range->size;
  }
  if (count == 0) return {};
  if (ranges.empty()) return {Kind::kUnsatisfiable};
  if (ranges.size() > 1 && total >= length) return {};
  if (overlap(ranges)) ranges = merged(std::move(ranges));
  return {Kind::kPartial, std::move(ranges)};
}

}  // namespace watchdog

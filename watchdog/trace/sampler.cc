#include "trace/sampler.h"

#include <charconv>
#include <cstdlib>
#include <string>

namespace watchdog {

namespace {

constexpr double kTwoToThe64 = 18446744073709551616.0;

}  // namespace

Sampler::Sampler(Kind kind, double ratio)
    : kind_(kind),
      threshold_(ratio >= 1 ? UINT64_MAX : static_cast<uint64_t>(ratio * kTwoToThe64)),
      all_(ratio >= 1) {}

bool Sampler::samples(std::string_view trace_id, const TraceContext* parent) const {
  const bool asks_parent = kind_ >= Kind::kParentBasedAlwaysOn;
  if (asks_parent && parent != nullptr) return parent->sampled;
  return samples_root(trace_id);
}

// The last eight bytes are those that the SDKs compare, so that all services agree.
bool Sampler::samples_root(std::string_view trace_id) const {
  switch (kind_) {
    case Kind::kAlwaysOn:
    case Kind::kParentBasedAlwaysOn:
      return true;
    case Kind::kAlwaysOff:
    case Kind::kParentBasedAlwaysOff:
      return false;
    case Kind::kTraceIdRatio:
    case Kind::kParentBasedTraceIdRatio:
      break;
  }
  if (all_) return true;
  uint64_t last = 0;
  std::from_chars(trace_id.data() + 16, trace_id.data() + 32, last, 16);
  return last < threshold_;
}

Result<double> parse_ratio(std::string_view text) {
  const std::string copy(text);
  char* end = nullptr;
  const double ratio = std::strtod(copy.c_str(), &end);
  const bool whole = !copy.empty() && *end == '\0' && copy.front() >= '.' && copy.front() <= '9';
  if (!whole || !(ratio >= 0 && ratio <= 1)) {
    return Error{"not a ratio; it accepts a number from 0 to 1, such as 0.25"};
  }
  return ratio;
}

}  // namespace watchdog

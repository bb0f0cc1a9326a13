#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "trace/trace_context.h"

namespace watchdog {

// Decides which traces are recorded, as OpenTelemetry's samplers of the same names do.
class Sampler {
 public:
  enum class Kind {
    kAlwaysOn,
    kAlwaysOff,
    kTraceIdRatio,
    // As the request that came in says; where it says nothing, as the above.
    kParentBasedAlwaysOn,
    kParentBasedAlwaysOff,
    kParentBasedTraceIdRatio,
  };

  // `ratio`, from 0 to 1, is for those with a ratio.
  explicit Sampler(Kind kind, double ratio = 1);

  // `parent` is the context that came in; null where none did. A trace id always gets the same
  // answer, and one that is sampled at some ratio is sampled at every larger one.
  bool samples(std::string_view trace_id, const TraceContext* parent) const;

 private:
  bool samples_root(std::string_view trace_id) const;

  Kind kind_;
  uint64_t threshold_;  // of the last eight bytes of a trace's id
  bool all_;            // the ratio is 1
};

// Takes a number from 0 to 1.
Result<double> parse_ratio(std::string_view text);

}  // namespace watchdog

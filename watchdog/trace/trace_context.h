#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/trace_ids.h"
#include "http/message.h"

namespace watchdog {

inline constexpr std::string_view kTraceparent = "traceparent";
inline constexpr std::string_view kTracestate = "tracestate";
inline constexpr std::string_view kBaggage = "baggage";

// Where in a trace a request stands: the span that caused it, or that it is (W3C Trace Context).
struct TraceContext {
  TraceIds ids;
  bool sampled = false;    // whoever made the span may have recorded it
  bool random_id = false;  // the last seven bytes of the trace's id are random (level 2)
};

// A traceparent field of version 00.
using Traceparent = std::array<char, 55>;
Traceparent write_traceparent(const TraceContext& context);

// Takes the value of a traceparent field:
//
//   00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
//
// Digits are lower case, and no id is all zeros. Version ff is not valid. Of a version that is not
// known yet the four parts are read as those of version 00, and more may follow behind a hyphen.
std::optional<TraceContext> parse_traceparent(std::string_view value);

// What a request says of the trace that it is part of; nothing where its traceparent is malformed
// or stands there more than once.
std::optional<TraceContext> received_context(const Fields& fields);

// Returns the members of all tracestate fields in their order, as one field; empty where there are
// none. All of it is dropped where it is malformed, names a key twice or has more than 32 members.
// Of more than 512 bytes, members of more than 128 are left out first, and then the last ones.
std::string combined_tracestate(const Fields& fields);

// Returns the members of all baggage fields as one field; empty where there are none.
std::string combined_baggage(const Fields& fields);

}  // namespace watchdog

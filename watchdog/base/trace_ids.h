#pragma once

#include <array>
#include <string_view>

namespace watchdog {

// The ids of a span and of its trace as everybody writes them, in lower-case hexadecimal digits:
// header fields, the log and OTLP. Not terminated.
struct TraceIds {
  std::array<char, 32> trace{};
  std::array<char, 16> span{};

  std::string_view trace_id() const { return {trace.data(), trace.size()}; }
  std::string_view span_id() const { return {span.data(), span.size()}; }
};

}  // namespace watchdog

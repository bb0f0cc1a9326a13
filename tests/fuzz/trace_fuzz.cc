#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "trace/trace_context.h"

// The fields of a trace as a stranger sends them, one a line: what is passed on is well-formed, within
// the limits, and understood by the next one as it was by us.

namespace {

using namespace watchdog;

void require(bool held, const char* promise) {
  if (held) return;
  std::fprintf(stderr, "broken: %s\n", promise);
  std::abort();
}

void check_traceparent(std::string_view value) {
  const auto context = parse_traceparent(value);
  if (!context) return;
  require(context->ids.trace_id() == value.substr(3, 32), "the trace is the client's");
  const Traceparent text = write_traceparent(*context);
  const auto again = parse_traceparent({text.data(), text.size()});
  require(again.has_value(), "what is written can be read");
  require(again->ids.span_id() == context->ids.span_id(), "the parent is the same");
  require(again->sampled == context->sampled && again->random_id == context->random_id,
          "the flags are the same");
}

void check_tracestate(const Fields& fields) {
  const std::string combined = combined_tracestate(fields);
  require(combined.size() <= 512, "no more than 512 bytes are passed on");
  require(combined.find(",,") == std::string::npos, "there is no empty member");
  Fields sent;
  sent.add("tracestate", combined);
  require(combined_tracestate(sent) == combined, "what is passed on is passed on again as it is");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  Fields states;
  Fields all;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view value = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    check_traceparent(value);
    states.add("tracestate", value);
    all.add("traceparent", value);
    all.add("baggage", value);
  }
  check_tracestate(states);
  require(all.size() <= 2 || !received_context(all), "two traceparents are none");
  combined_baggage(all);
  return 0;
}

#pragma once

#include <atomic>
#include <cstdint>
#include <map>

#include "config/config.h"
#include "function/function_state.h"
#include "net/loop.h"
#include "trace/span_exporter.h"
#include "trace/span_queue.h"
#include "trace/trace_settings.h"
#include "trace/tracer.h"

namespace watchdog {

// What the whole process has of tracing: the queue that the workers fill, the exporter that empties
// it, and the spans of what belongs to no request. Owned by the Watchdog, on the main loop.
class Traces {
 public:
  // To be made where has_traces(config). `dropped` counts the spans that are lost.
  Traces(Loop& loop, const Config& config, FunctionState& function, std::atomic<uint64_t>& dropped);

  const TraceSettings& settings() const { return settings_; }
  SpanQueue& queue() { return queue_; }

  // An instance of the function's server is ready, or not any more. How long it took to be is a
  // span, "cold start".
  void on_function_state();
  // Sends what is left, and returns whether that is over. No request runs any more.
  bool sent();
  // Drops what has not been, and counts it.
  void drop_rest() { exporter_.drop_rest(); }

 private:
  Loop& loop_;
  const TraceSettings settings_;
  FunctionState& function_;
  SpanQueue queue_;
  SpanExporter exporter_;
  Tracer tracer_;
  std::map<const Instance*, Instant> starting_;  // since when
};

}  // namespace watchdog

#pragma once

#include <string>

#include "function/function_state.h"
#include "server/exposition.h"
#include "server/metrics.h"

namespace watchdog {

// Returns the page at /metrics: what we have counted, the states of the function's instances, and
// figures of our process; clean under promtool check metrics. A series of requests, or of denials,
// appears with its first one.
std::string metrics_page(const Metrics& metrics, const FunctionState& function,
                         Exposition::Format format);

}  // namespace watchdog

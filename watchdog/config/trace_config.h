#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "trace/trace_settings.h"

namespace watchdog {

// Whether spans are sent.
bool has_traces(const Config& config);

// The samplers that there are.
std::vector<std::string_view> sampler_words();

// Returns how they are made and where they are sent. Appends to `errors` a line for each option
// that cannot be used. Only where has_traces().
TraceSettings trace_settings(const Config& config, std::vector<std::string>& errors);

}  // namespace watchdog

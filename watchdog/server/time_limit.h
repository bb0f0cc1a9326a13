#pragma once

#include <string>

#include "base/time.h"
#include "config/config.h"
#include "http/message.h"

namespace watchdog {

// The time that the function has for a request: exec_timeout, which the client's X-Timeout may
// shorten but neither lengthen nor switch off. 0 is no limit.
Duration time_limit(const RequestHead& request, const Config& config);
// The time that it has to begin its response: response_start_timeout, or the whole of its time
// where that is shorter. 0 is no limit.
Duration time_limit_of_head(const RequestHead& request, const Config& config);

// What the log and the client are told of a function that took longer.
std::string explain_time_limit(Duration limit);
std::string explain_time_limit_of_head(const Config& config);

}  // namespace watchdog

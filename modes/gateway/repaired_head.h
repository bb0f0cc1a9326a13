#pragma once

#include <string_view>

namespace watchdog {

// Logs, once for each text, what UpstreamResponse::repaired says of an answer of the function: it was
// answered all the same, but whoever wrote the function may want to know. From any thread.
void warn_of_repair(std::string_view repaired);

}  // namespace watchdog

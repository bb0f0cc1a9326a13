#pragma once

#include <string_view>

namespace watchdog {

// Logs, once per text, what UpstreamResponse::repaired says of a response of the function: it was
// sent all the same, but the author of the function may want to know. May be called from any
// thread.
void warn_of_repair(std::string_view repaired);

}  // namespace watchdog

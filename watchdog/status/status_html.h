#pragma once

#include <string>
#include <string_view>

#include "status/status_report.h"

namespace watchdog {

// The report as a page for people. It has no buttons and works without JavaScript; with it, it
// fetches itself every two seconds and shows what it gets, until the watchdog has ended.
std::string status_html(const StatusReport& report);

// The page's Content-Security-Policy: nothing runs or is loaded but its own style and script, which
// are named by their hashes, and it fetches nothing but itself.
extern const std::string_view kStatusPolicy;

}  // namespace watchdog

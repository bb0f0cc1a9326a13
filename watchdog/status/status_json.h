#pragma once

#include <string>

#include "status/status_report.h"

namespace watchdog {

// The report as one JSON object, for programs. Names and meanings are in trace/README.md.
std::string status_json(const StatusReport& report);

}  // namespace watchdog

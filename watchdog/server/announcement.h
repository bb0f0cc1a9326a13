#pragma once

#include <cstdint>

#include "config/config.h"

namespace watchdog {

// Logs what has been started: the mode and the command, the timeouts, the ports; and a warning
// where the command cannot be run. `port` is the function's, `has_metrics` whether there is a
// second one, and `has_page` whether that has a status page.
void announce(const Config& config, uint16_t port, bool has_metrics, bool has_page);

}  // namespace watchdog

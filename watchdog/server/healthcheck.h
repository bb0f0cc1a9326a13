#pragma once

#include "config/config.h"

namespace watchdog {

// Whether the watchdog of this container answers 200 at /_/health, for --run-healthcheck. Blocks
// for two seconds at most.
bool run_healthcheck(const Config& config);

}  // namespace watchdog

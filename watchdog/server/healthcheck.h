#pragma once

#include "config/config.h"

namespace watchdog {

// --run-healthcheck: whether the watchdog of this container answers 200 at /_/health. Blocks, for
// at most two seconds.
bool run_healthcheck(const Config& config);

}  // namespace watchdog

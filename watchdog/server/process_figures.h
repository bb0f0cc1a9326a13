#pragma once

#include "server/exposition.h"

namespace watchdog {

// The time since 1970.
Duration unix_time();

// Adds what Prometheus's client libraries say of their process, process_*. What /proc does not tell
// (it may not be mounted) is left out. `start_time` is since 1970.
void add_process_figures(Exposition& page, Duration start_time);

}  // namespace watchdog

#pragma once

namespace watchdog {

// Whether a host outside our network namespace could reach us: an interface other than the loopback
// is up and has an IP address. True where that cannot be told.
bool reachable_from_outside();

}  // namespace watchdog

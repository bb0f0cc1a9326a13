#pragma once

namespace watchdog {

// What the process exits with. A warm process that ends takes us with it and passes its own code
// on, 128 and the signal's number when a signal killed it.
enum ExitCode : int {
  kExitClean = 0,         // drained and stopped; a healthy --run-healthcheck
  kExitUnhealthy = 1,     // --run-healthcheck: not healthy
  kExitUsage = 64,        // the configuration or the command line cannot be used
  kExitUnavailable = 69,  // the port cannot be used, or a warm process was never ready
  kExitInternal = 70,     // the kernel refused something that we cannot do without
};

}  // namespace watchdog

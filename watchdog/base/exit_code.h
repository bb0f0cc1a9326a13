#pragma once

namespace watchdog {

// What the process exits with. A server of the function's own that ends takes us with it and passes
// its own code on, 128 and the signal's number when a signal killed it.
enum ExitCode : int {
  kExitClean = 0,          // drained and stopped; a healthy --run-healthcheck
  kExitUnhealthy = 1,      // --run-healthcheck: not healthy
  kExitUsage = 64,         // the configuration or the command line cannot be used
  kExitUnavailable = 69,   // the port cannot be used, or the function's server was never ready
  kExitInternal = 70,      // the kernel refused something that we cannot do without
  kExitNotRunnable = 126,  // as a shell: the function's server cannot be started
  kExitNotFound = 127,     // as a shell: there is no such command as the function's server
};

}  // namespace watchdog

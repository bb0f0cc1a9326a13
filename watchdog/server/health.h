#pragma once

#include <atomic>
#include <string>

#include "config/config.h"
#include "function/function_state.h"
#include "server/lifecycle.h"

namespace watchdog {

// Whether the function's port is healthy, which health checks ask for. Owned by the Watchdog, read
// by every worker.
//
// The lock file ($TMPDIR/.lock, as of-watchdog writes it) says the same on disk. It is there while
// we serve and the function is healthy. Draining removes it. Where somebody else removes it we
// report that we are unhealthy. Where it cannot be written a warning says so, and health is told by
// HTTP alone.
class Health {
 public:
  Health(const Config& config, const FunctionState& function, const Lifecycle& lifecycle);
  ~Health();
  Health(const Health&) = delete;
  Health& operator=(const Health&) = delete;

  // The stage, or the state of the function, has changed: writes or removes the lock file. On the
  // main loop.
  void update();
  // From any thread.
  bool healthy() const;

 private:
  void write_lock();
  void remove_lock();

  const Config& config_;
  const FunctionState& function_;
  const Lifecycle& lifecycle_;
  std::string lock_path_;
  std::atomic<bool> locked_{false};
};

}  // namespace watchdog

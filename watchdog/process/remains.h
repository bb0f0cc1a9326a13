#pragma once

#include <sys/types.h>

#include <functional>
#include <vector>

#include "net/loop.h"
#include "net/timer.h"
#include "process/system.h"

namespace watchdog {

// What a process leaves behind when it ends: children that live on, hold its port, and would keep
// the next one from starting. Asks them to end, kills them when they do not, and tells when none is
// left. Owned by a Supervisor, on its loop.
//
// These are the processes in its session or group, wherever they hang now, and all that descend
// from them; and, where we run nothing else, all that descend from us, as a process that left its
// session and lost its parent bears no other mark of where it came from.
class Remains {
 public:
  enum class Scope {
    kSession,         // other processes of ours run beside it
    kAllDescendants,  // it was the only one
  };

  static constexpr auto kLookInterval = std::chrono::milliseconds(10);
  // How long after SIGKILL it still waits for processes that are stuck in the kernel.
  static constexpr auto kMostWait = std::chrono::seconds(5);

  // `on_gone` runs once for each end(), on the loop, never inside end().
  Remains(Loop& loop, System& system, std::function<void()> on_gone);

  // `leader` has ended: sends `signal` to what it left, and SIGKILL after `grace`.
  void end(pid_t leader, Scope scope, int signal, Duration grace);
  // Stops: `on_gone` is not called, and what still runs is left alone.
  void cancel() { look_.clear(); }

 private:
  void look();
  std::vector<pid_t> running() const;
  void signal_all(const std::vector<pid_t>& pids, int signal);

  Loop& loop_;
  System& system_;
  std::function<void()> on_gone_;
  pid_t leader_ = 0;
  Scope scope_ = Scope::kSession;
  int signal_ = 0;
  Instant kill_at_{};
  bool asked_ = false;
  Timer look_;
};

}  // namespace watchdog

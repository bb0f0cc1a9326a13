#pragma once

#include <sys/types.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "net/loop.h"
#include "net/timer.h"
#include "process/system.h"

namespace watchdog {

class Child;

// Reaps every process that no Child waits for. Owned by the Watchdog, on the main loop; add,
// remove, abandon and SpawnGuard may be used from any thread.
//
// Orphans: as PID 1, and as a child subreaper otherwise, we inherit the processes whose parents
// have died. On SIGCHLD the Reaper looks at one exited child after another without reaping it
// (WNOWAIT). A child that no Child has registered is an orphan and is reaped; at a registered one
// the Reaper stops, and goes on when the loop of that Child has reaped it.
//
// Abandoned groups: the group of an abandoned Child has been sent SIGTERM. Its leader stays a
// zombie, so that the number of the group cannot be used again, until
//
//   - no member of the group runs any more, or
//   - kGrace is over and the group has been sent SIGKILL.
class Reaper {
 public:
  // How long an abandoned group may take to clean up after SIGTERM.
  static constexpr auto kGrace = std::chrono::seconds(2);

  explicit Reaper(Loop& loop, System& system = real_system());
  Reaper(const Reaper&) = delete;
  Reaper& operator=(const Reaper&) = delete;

  System& system() { return system_; }

  // To be called on SIGCHLD. Returns for how long the next one need not be reported: where every
  // Child has a pidfd only orphans are waited for here, and they can be reaped in batches.
  Duration on_child_signal();

  // Has the statuses of the orphans that are reaped from now on kept for a while: a process of a
  // warm start is one from the moment in which its parent has ended until it is adopted
  // (Child::adopt).
  void keep_orphans() { keeps_orphans_ = true; }
  // Returns the status of a process that has been reaped as an orphan in the last kKept. Where it
  // has not, it will not be until SpawnGuard's end.
  std::optional<int> take_orphan(pid_t pid);

  void add(Child& child);
  void remove(pid_t pid);
  // Sends SIGTERM to the group of a Child that is being destroyed and takes over its pid.
  void abandon(Child& child);

  // Whether no abandoned process is left.
  bool idle() const { return abandoned_count_ == 0; }
  // Sends SIGKILL to every abandoned group without waiting for its grace to end.
  void kill_abandoned();

  // For the end: sends SIGTERM, once, to all that still descends from us, and SIGKILL after
  // `grace`. Returns whether nothing is left; until then it is to be called again.
  bool end_descendants(Duration grace);

  // Lives from before a process is started until it is registered. Meanwhile an unknown pid may be
  // a new Child.
  class SpawnGuard {
   public:
    explicit SpawnGuard(Reaper& reaper) : reaper_(reaper) { ++reaper_.spawning_; }
    ~SpawnGuard();
    SpawnGuard(const SpawnGuard&) = delete;
    SpawnGuard& operator=(const SpawnGuard&) = delete;

   private:
    Reaper& reaper_;
  };

 private:
  struct Abandoned {
    pid_t pid;
    Instant kill_at;
    bool killed = false;
  };
  static constexpr auto kLookInterval = std::chrono::milliseconds(10);
  static constexpr auto kBatchInterval = std::chrono::milliseconds(50);
  static constexpr auto kKept = std::chrono::seconds(10);
  struct Orphan {
    int status;
    Instant until;
  };

  void reap_orphans();
  bool reap_unless_ours(pid_t pid);
  void keep(pid_t pid, int status);
  void take_newly_abandoned();
  void check_abandoned();
  bool over(Abandoned& group, Instant now, const std::function<bool(pid_t)>& is_live);

  Loop& loop_;
  System& system_;
  std::mutex mutex_;
  std::unordered_map<pid_t, Child*> children_;  // Child is null once it has been abandoned
  std::vector<pid_t> newly_abandoned_;
  std::unordered_map<pid_t, Orphan> orphans_;
  size_t most_orphans_ = 64;  // before those are dropped whose time is over
  std::atomic<bool> keeps_orphans_{false};
  std::atomic<int> spawning_{0};
  std::atomic<int> abandoned_count_{0};
  std::atomic<bool> blocked_{false};  // reap_orphans() met a process that somebody else must reap
  bool kill_now_ = false;
  std::optional<Instant> asked_to_end_;  // when end_descendants() did
  std::vector<Abandoned> abandoned_;
  Timer look_;
  Wakeup wakeup_;
};

}  // namespace watchdog

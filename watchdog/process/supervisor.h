#pragma once

#include <csignal>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "net/loop.h"
#include "net/timer.h"
#include "process/child.h"
#include "process/command.h"
#include "process/output_log.h"
#include "process/readiness_probe.h"
#include "process/remains.h"
#include "process/restart.h"
#include "process/restart_backoff.h"

namespace watchdog {

// Keeps one process running for the whole life of the watchdog. Owned by a WarmFunction, on the
// main loop.
//
//   starting --probe says yes--> ready
//   starting --startup_timeout--> it is ended; then as if it had exited badly
//   starting, ready --exits, and may be restarted--> clearing --> waiting --backoff--> starting
//   starting, ready --exits, and may not--> over
//   starting, ready --replace()--> replacing --exits--> clearing --> starting
//   any --stop()--> stopping --exits--> over
//   starting, ready --exits as asked to, while the watchdog is stopping--> over
//
// The last is no failure: somebody has sent SIGTERM to every process of the container.
//
// Stopping and replacing send stop_signal to the process's group, and SIGKILL after stop_timeout.
// Clearing does the same to what the process left behind (Remains): workers whose master was
// killed, or the server that a shell had started. They hold the port, so until they are gone
// nothing is started, and nothing is probed, as they would answer.
class Supervisor {
 public:
  enum class State { kStarting, kReady, kClearing, kWaiting, kReplacing, kStopping, kOver };

  struct Plan {
    std::vector<std::string> command;  // empty: somebody else's server, to be asked and no more
    std::vector<std::string> environment{};  // "NAME=value", on top of ours
    Restart restart = Restart::kNo;
    Duration startup_timeout{};
    int stop_signal = SIGTERM;
    Duration stop_timeout = std::chrono::seconds(2);
    size_t log_line_limit = 0;
    LineCopy copy_errors{};
    // kAllDescendants where we start no other process.
    Remains::Scope scope = Remains::Scope::kSession;
  };

  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void on_supervised_state(State state) = 0;
    // The process is over without stop(); `exit_code` is what the watchdog should exit with.
    virtual void on_supervised_end(int exit_code) = 0;
    // Whether the watchdog has been asked to end; stop() follows when no request needs the process.
    virtual bool is_stopping() const = 0;
  };

  static constexpr auto kProbeInterval = std::chrono::milliseconds(10);

  Supervisor(Loop& loop, Reaper& reaper, Plan plan, std::unique_ptr<ReadinessProbe> probe,
             Owner& owner);
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  void start();
  // Asks the whole process group to end.
  void stop();
  // The same, and then starts the process again, whatever Plan::restart says; also one that has
  // ended.
  void replace();
  // Leaves what still runs to the Reaper.
  void abandon();
  // Passes a signal on to the process.
  void forward(int signal);

  State state() const { return state_; }
  // The pid of the process; 0 while there is none.
  pid_t pid() const { return child_ ? child_->pid() : 0; }
  bool over() const { return state_ == State::kOver; }
  // What ended the last process, or kept it from running, for people; empty before that, and when
  // it was stop() or replace().
  const std::string& end_reason() const { return end_reason_; }
  uint64_t restarts() const { return restarts_; }
  // How long the process took to be ready, once it is.
  Duration ready_after() const { return ready_after_; }
  // Whether the last process that ended did so with exit code 0.
  bool ended_well() const { return ended_well_; }

 private:
  void become(State state);
  void spawn();
  // Returns false when it could not be started; on_end() has been called then.
  bool spawn_process();
  bool fail_spawn(int error);
  void probe();
  void on_probed(const std::optional<std::string>& problem);
  void on_deadline();
  void give_up_starting();
  bool was_asked_to_end(ExitStatus status) const;
  void ask_to_end();
  void on_exit(ExitStatus status);
  void on_end(bool success, int exit_code);
  bool may_restart(bool success) const;
  void clear();
  void on_cleared();
  void add_output(Fd pipe, log::Source source);

  Loop& loop_;
  Reaper& reaper_;
  Plan plan_;
  Command command_;
  std::vector<char*> environment_;  // ours, and Plan::environment; NULL-terminated
  std::unique_ptr<ReadinessProbe> probe_;
  Owner& owner_;
  State state_ = State::kOver;
  std::unique_ptr<Child> child_;
  pid_t leader_ = 0;            // of the process that ran last
  bool start_at_once_ = false;  // when it is cleared: without backoff
  Remains remains_;
  std::list<std::unique_ptr<OutputLog>> outputs_;  // of this process and what it left behind
  Instant started_at_{};
  Duration ready_after_{};
  RestartBackoff backoff_;
  std::string last_problem_;
  std::string end_reason_;
  uint64_t restarts_ = 0;
  bool ended_well_ = false;
  Timer next_;      // the next question, or the next start
  Timer deadline_;  // startup_timeout, stop_timeout
};

}  // namespace watchdog

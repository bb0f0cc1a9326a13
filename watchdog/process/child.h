#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/errno_or.h"
#include "base/log.h"
#include "net/loop.h"
#include "net/watch.h"
#include "process/system.h"

namespace watchdog {

class Reaper;

// How a process ended.
struct ExitStatus {
  int code = 0;    // when signal is 0
  int signal = 0;  // that killed it
  // Whether the kernel killed a process of ours to get memory while this one ran, and this one
  // ended by SIGKILL or reported such an end of a process of its own (137): then that is what ended
  // it.
  bool out_of_memory = false;

  static ExitStatus from_wait(int status);
  bool success() const { return code == 0 && signal == 0; }
  // Whether signal `number` ended it: it was killed by it, or exited with the code that shells give
  // that end.
  bool ended_by(int number) const { return signal == number || code == 128 + number; }
  // "exit code 7", "killed by SIGSEGV", "killed by SIGKILL (out of memory)".
  std::string text() const;
  // Its code or its signal, for the log.
  log::Part part() const {
    return {signal == 0 ? "exit_code" : "signal", signal == 0 ? code : signal};
  }
};

// A process that we started as the leader of its own group, and its end. Owned by whoever needs the
// process (an Invocation, the Supervisor), on one loop. Destroying it while it runs cancels it: its
// group gets SIGTERM at once, and the Reaper takes over from there.
class Child {
 public:
  // Starts the program. `on_exit` runs once, on `loop`, when the process has ended and been reaped;
  // its output may not have been read yet. Where it cannot be started nothing runs.
  static ErrnoOr<std::unique_ptr<Child>> spawn(Loop& loop, Reaper& reaper, const Program& program,
                                               std::function<void(ExitStatus)> on_exit);
  // Takes over a process that runs, or has ended, as the leader of its own group, and that we have
  // inherited (Reaper). `memory_kills` is what System::memory_kills() said before it was made.
  // `on_exit` runs later, also where it has ended already. Null where it is no child of ours.
  static std::unique_ptr<Child> adopt(Loop& loop, Reaper& reaper, pid_t pid, uint64_t memory_kills,
                                      std::function<void(ExitStatus)> on_exit);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }
  // Whom to tell of the end from now on.
  void on_exit(std::function<void(ExitStatus)> call) { on_exit_ = std::move(call); }
  bool running() const { return running_; }

 private:
  friend class Reaper;
  Child(Loop& loop, Reaper& reaper, const Started& started, uint64_t memory_kills,
        std::function<void(ExitStatus)> on_exit);
  Child(Loop& loop, Reaper& reaper, const Started& started, uint64_t memory_kills,
        std::function<void(ExitStatus)> on_exit, int status);

  void check();
  void end(int wait_status);

  Reaper& reaper_;
  pid_t pid_;
  bool running_ = true;
  const uint64_t memory_kills_;  // before it started
  std::function<void(ExitStatus)> on_exit_;
  std::unique_ptr<Watch> exit_watch_;  // where the kernel has pidfds; else:
  std::unique_ptr<Wakeup> sigchld_;    // woken by the Reaper
  std::optional<int> reaped_;          // the status of one that had ended before it was adopted
};

// Returns how many children a process has; 0 also when that cannot be told.
unsigned count_children(pid_t pid);

}  // namespace watchdog

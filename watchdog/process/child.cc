#include "process/child.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <csignal>
#include <cstring>
#include <utility>

#include "process/reaper.h"

namespace watchdog {

ExitStatus ExitStatus::from_wait(int status) {
  if (WIFSIGNALED(status)) return {0, WTERMSIG(status)};
  return {WEXITSTATUS(status), 0};
}

std::string ExitStatus::text() const {
  const char* const why = out_of_memory ? " (out of memory)" : "";
  if (signal == 0) return fmt::format("exit code {}{}", code, why);
  const char* name = sigabbrev_np(signal);
  return name != nullptr ? fmt::format("killed by SIG{}{}", name, why)
                         : fmt::format("killed by signal {}", signal);
}

ErrnoOr<std::unique_ptr<Child>> Child::spawn(Loop& loop, Reaper& reaper, const Program& program,
                                             std::function<void(ExitStatus)> on_exit) {
  const Reaper::SpawnGuard guard(reaper);
  const uint64_t memory_kills = reaper.system().memory_kills();
  const Started started = reaper.system().spawn(program);
  if (started.error != 0) return Errno{started.error};
  return std::unique_ptr<Child>(new Child(loop, reaper, started, memory_kills, std::move(on_exit)));
}

Child::Child(Loop& loop, Reaper& reaper, const Started& started, uint64_t memory_kills,
             std::function<void(ExitStatus)> on_exit)
    : reaper_(reaper),
      pid_(started.pid),
      memory_kills_(memory_kills),
      on_exit_(std::move(on_exit)) {
  if (started.pidfd >= 0) {
    exit_watch_ = std::make_unique<Watch>(loop, Fd(started.pidfd), [this] { check(); });
  } else {
    sigchld_ = std::make_unique<Wakeup>(loop, [this] { check(); });
  }
  reaper_.add(*this);
  if (sigchld_) sigchld_->wake();  // it may have exited before it was registered
}

Child::~Child() {
  if (running_) reaper_.abandon(*this);
}

void Child::check() {
  if (!running_) return;
  int status = 0;
  const pid_t reaped = reaper_.system().reap(pid_, &status);
  if (reaped == 0) return;
  running_ = false;
  reaper_.remove(pid_);
  exit_watch_.reset();
  // Somebody else reaped it: cannot happen, but must not read as success.
  ExitStatus end = reaped < 0 ? ExitStatus{255, 0} : ExitStatus::from_wait(status);
  end.out_of_memory = end.ended_by(SIGKILL) && reaper_.system().memory_kills() > memory_kills_;
  on_exit_(end);
}

}  // namespace watchdog

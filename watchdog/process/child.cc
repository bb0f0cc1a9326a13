#include "process/child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
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

// A number that is a child's now is not that of an orphan which had it before.
std::unique_ptr<Child> Child::adopt(Loop& loop, Reaper& reaper, pid_t pid, uint64_t memory_kills,
                                    std::function<void(ExitStatus)> on_exit) {
  const Reaper::SpawnGuard guard(reaper);
  const auto status = reaper.take_orphan(pid);
  Started started{.pid = pid};
  if (reaper.system().is_child(pid)) {
    started.pidfd = reaper.system().watch(pid);
    return std::unique_ptr<Child>(
        new Child(loop, reaper, started, memory_kills, std::move(on_exit)));
  }
  if (!status) return nullptr;
  return std::unique_ptr<Child>(
      new Child(loop, reaper, started, memory_kills, std::move(on_exit), *status));
}

// It is not registered: its number is free.
Child::Child(Loop& loop, Reaper& reaper, const Started& started, uint64_t memory_kills,
             std::function<void(ExitStatus)> on_exit, int status)
    : reaper_(reaper),
      pid_(started.pid),
      running_(false),
      memory_kills_(memory_kills),
      on_exit_(std::move(on_exit)),
      sigchld_(std::make_unique<Wakeup>(loop, [this] { check(); })),
      reaped_(status) {
  sigchld_->wake();
}

Child::~Child() {
  if (running_) reaper_.abandon(*this);
}

void Child::check() {
  if (reaped_) return end(*std::exchange(reaped_, std::nullopt));
  if (!running_) return;
  int status = 0;
  const pid_t reaped = reaper_.system().reap(pid_, &status);
  if (reaped == 0) return;
  running_ = false;
  reaper_.remove(pid_);
  exit_watch_.reset();
  // Somebody else reaped it: cannot happen, but must not read as success.
  end(reaped < 0 ? W_EXITCODE(255, 0) : status);
}

void Child::end(int wait_status) {
  ExitStatus status = ExitStatus::from_wait(wait_status);
  status.out_of_memory =
      status.ended_by(SIGKILL) && reaper_.system().memory_kills() > memory_kills_;
  on_exit_(status);
}

unsigned count_children(pid_t pid) {
  const std::string path = fmt::format("/proc/{}/task/{}/children", pid, pid);
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  unsigned count = 0;
  std::array<char, 4096> text;
  for (ssize_t size = 0; file && (size = ::read(file.get(), text.data(), text.size())) > 0;) {
    count += static_cast<unsigned>(std::count(text.data(), text.data() + size, ' '));
  }
  return count;
}

}  // namespace watchdog

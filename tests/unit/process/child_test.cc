#include "process/child.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fake_clock.h"
#include "net/signals.h"
#include "process/reaper.h"

using namespace watchdog;

namespace {

// The real kernel, as one without pidfds shows itself.
class WithoutPidfd : public System {
 public:
  Started spawn(const Program& program) override {
    Started started = real_system().spawn(program);
    if (started.pidfd >= 0) ::close(std::exchange(started.pidfd, -1));
    return started;
  }
  bool is_child(pid_t pid) override { return real_system().is_child(pid); }
  int watch(pid_t) override { return -1; }
  void kill(pid_t pid, int signal) override { real_system().kill(pid, signal); }
  pid_t reap(pid_t pid, int* status) override { return real_system().reap(pid, status); }
  bool exited(pid_t pid) override { return real_system().exited(pid); }
  pid_t any_exited() override { return real_system().any_exited(); }
  std::set<pid_t> live_groups() override { return real_system().live_groups(); }
  std::vector<pid_t> descendants() override { return real_system().descendants(); }
  std::vector<pid_t> session_of(pid_t leader) override { return real_system().session_of(leader); }
  uint64_t memory_kills() override { return real_system().memory_kills(); }
};

// The kernel as it shows itself where memory is short: each look finds one more process killed.
class ShortOfMemory final : public WithoutPidfd {
 public:
  uint64_t memory_kills() override { return kills++; }
  uint64_t kills = 7;
};

struct Runner {
  Loop loop;
  System& system;
  Reaper reaper;
  std::unique_ptr<Signals> signals;
  std::optional<ExitStatus> status;
  int error = 0;

  explicit Runner(System& kernel = real_system()) : system(kernel), reaper(loop, kernel) {
    auto watching = Signals::watch(loop, {SIGCHLD}, [this](int) { reaper.on_child_signal(); });
    REQUIRE(watching);
    signals = std::move(*watching);
  }

  std::unique_ptr<Child> run(const char* path, std::vector<std::string> words) {
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const Fd in(::fcntl(0, F_DUPFD_CLOEXEC, 3));
    const Fd out(::fcntl(1, F_DUPFD_CLOEXEC, 3));
    const Fd err(::fcntl(2, F_DUPFD_CLOEXEC, 3));
    const Program program{path, argv.data(), environ, in.get(), out.get(), err.get()};
    auto child = Child::spawn(loop, reaper, program, [this](ExitStatus end) { status = end; });
    error = child.error();
    return child ? std::move(*child) : nullptr;
  }
  std::unique_ptr<Child> shell(const std::string& script) {
    return run("/bin/sh", {"sh", "-c", script});
  }
  bool finished() {
    return poll_until(loop, [this] { return status.has_value(); });
  }
  bool group_is_gone(pid_t group) {
    return poll_until(loop, [&] { return reaper.idle() && ::kill(-group, 0) != 0; });
  }
};

}  // namespace

TEST_CASE("an exit code is told as it was") {
  for (const int code : {0, 1, 7, 255}) {
    Runner runner;
    const auto child = runner.shell("exit " + std::to_string(code));
    REQUIRE(child);
    REQUIRE(runner.finished());
    CHECK(runner.status->code == code);
    CHECK(runner.status->signal == 0);
    CHECK(runner.status->success() == (code == 0));
  }
}

TEST_CASE("a death by signal is told with the signal's name") {
  Runner runner;
  const auto child = runner.shell("kill -SEGV $$");
  REQUIRE(runner.finished());
  CHECK(runner.status->signal == SIGSEGV);
  CHECK(runner.status->text() == "killed by SIGSEGV");
}

TEST_CASE("a program that cannot be executed is told by its errno, and nothing runs") {
  Runner runner;
  CHECK_FALSE(runner.run("/no/such/program", {"x"}));
  CHECK(runner.error == ENOENT);
  CHECK_FALSE(runner.run("/etc/passwd", {"x"}));
  CHECK(runner.error == EACCES);
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("a child has default signals, none blocked, and no descriptors but 0, 1 and 2") {
  Runner runner;
  const auto child = runner.shell(
      "grep -q '^SigBlk:.0000000000000000$' /proc/self/status &&"
      "grep -q '^SigIgn:.0000000000000000$' /proc/self/status &&"
      "for fd in 3 4 5 6 7 8 9 10 11 12; do test ! -e /proc/$$/fd/$fd || exit 9; done");
  REQUIRE(runner.finished());
  CHECK(runner.status->text() == "exit code 0");
}

TEST_CASE("a child leads its own process group and session") {
  Runner runner;
  const auto child = runner.shell("exec sleep 60");
  REQUIRE(child);
  CHECK(::getpgid(child->pid()) == child->pid());
  CHECK(::getsid(child->pid()) == child->pid());
}

TEST_CASE("destroying a running child ends its whole group") {
  Runner runner;
  auto child = runner.shell("sleep 60 & sleep 60");
  REQUIRE(child);
  const pid_t group = child->pid();
  {
    const Turn turn(runner.loop);
    child.reset();
  }
  CHECK(runner.group_is_gone(group));
  CHECK_FALSE(runner.status);
}

TEST_CASE("a group that ignores SIGTERM is killed when its grace is over") {
  Runner runner;
  auto child = runner.shell("trap '' TERM; sleep 60 & while :; do sleep 60; done");
  REQUIRE(child);
  const pid_t group = child->pid();
  // It must have set its trap before it is asked to end.
  const std::string status_file =
      "/proc/" + std::to_string(group) + "/task/" + std::to_string(group) + "/children";
  REQUIRE(poll_until(runner.loop, [&] {
    return ::access(status_file.c_str(), R_OK) == 0 && real_system().live_groups().contains(group);
  }));
  {
    const Turn turn(runner.loop);
    child.reset();
    runner.reaper.kill_abandoned();
  }
  CHECK(runner.group_is_gone(group));
}

TEST_CASE("without pidfds SIGCHLD tells of the exit") {
  WithoutPidfd system;
  Runner runner(system);
  const auto child = runner.shell("exit 3");
  REQUIRE(child);
  REQUIRE(runner.finished());
  CHECK(runner.status->code == 3);
}

TEST_CASE("what SIGKILL ended while memory was short was out of memory") {
  for (const auto& [script, text] :
       {std::pair{"kill -KILL $$", "killed by SIGKILL (out of memory)"},
        {"sh -c 'kill -KILL $$' 2> /dev/null; exit $?", "exit code 137 (out of memory)"},
        {"kill -TERM $$", "killed by SIGTERM"},
        {"exit 3", "exit code 3"}}) {
    ShortOfMemory system;
    Runner runner(system);
    const auto child = runner.shell(script);
    REQUIRE(runner.finished());
    CHECK(runner.status->text() == text);
  }
}

TEST_CASE("SIGKILL alone is not out of memory") {
  Runner runner;
  const auto child = runner.shell("kill -KILL $$");
  REQUIRE(runner.finished());
  CHECK(runner.status->text() == "killed by SIGKILL");
}

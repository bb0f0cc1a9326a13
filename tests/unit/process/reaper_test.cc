#include "process/reaper.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <csignal>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/log.h"
#include "fake_clock.h"
#include "process/child.h"
#include "process/scripted_system.h"

using namespace watchdog;
using namespace std::chrono_literals;

namespace {

struct ReaperTest {
  FakeClock clock;
  Loop loop{clock};
  ScriptedSystem system;
  Reaper reaper{loop, system};
  int exits = 0;

  std::unique_ptr<Child> spawn() {
    return std::move(*Child::spawn(loop, reaper, {}, [this](ExitStatus) { ++exits; }));
  }
  void pass(Duration time) {
    clock.advance(time);
    loop.poll();
    loop.poll();
  }
  void child_signal() {
    {
      const Turn turn(loop);
      reaper.on_child_signal();
    }
    pass(0ms);
  }
};

}  // namespace

TEST_CASE_FIXTURE(ReaperTest, "orphans are reaped when SIGCHLD comes, all of them") {
  for (pid_t pid = 1; pid <= 50; ++pid) system.zombies[pid] = 0;
  child_signal();
  CHECK(system.reaped.size() == 50);
}

TEST_CASE_FIXTURE(ReaperTest,
                  "the Reaper leaves a Child's exit to the Child, and gets what is behind it") {
  const auto child = spawn();
  system.zombies[child->pid()] = 0;
  system.zombies[child->pid() + 1000] = 0;  // an orphan, seen only once the child is gone
  child_signal();
  pass(0ms);
  CHECK(exits == 1);
  CHECK(system.zombies.empty());
}

TEST_CASE_FIXTURE(ReaperTest, "while a process is being started an unknown one is not reaped") {
  system.zombies[55] = 0;
  {
    const Reaper::SpawnGuard guard(reaper);
    child_signal();
    CHECK(system.reaped.empty());
  }
  pass(0ms);
  CHECK(system.reaped == std::vector<pid_t>{55});
}

TEST_CASE_FIXTURE(ReaperTest,
                  "an abandoned group gets SIGTERM at once and SIGKILL after its grace") {
  auto child = spawn();
  const pid_t pid = child->pid();
  system.running_groups = {pid};
  child.reset();
  CHECK(system.sent(-pid, SIGTERM));
  CHECK(system.sent(-pid, SIGCONT));  // a stopped process would not see it
  pass(Reaper::kGrace - 20ms);
  pass(0ms);
  CHECK_FALSE(system.sent(-pid, SIGKILL));
  pass(Reaper::kGrace);
  CHECK(system.sent(-pid, SIGKILL));
  CHECK_FALSE(reaper.idle());
  system.running_groups.clear();
  system.zombies[pid] = SIGKILL;
  pass(20ms);
  CHECK(reaper.idle());
  CHECK(system.reaped == std::vector<pid_t>{pid});
}

TEST_CASE_FIXTURE(
    ReaperTest,
    "a dead leader is kept until nothing of its group runs, so that its number stays ours") {
  auto child = spawn();
  const pid_t pid = child->pid();
  system.running_groups = {pid};
  child.reset();
  system.zombies[pid] = 0;
  pass(20ms);
  CHECK(system.reaped.empty());
  system.running_groups.clear();
  pass(20ms);
  CHECK(system.reaped == std::vector<pid_t>{pid});
  CHECK_FALSE(system.sent(-pid, SIGKILL));
  CHECK(exits == 0);
}

TEST_CASE_FIXTURE(ReaperTest, "kill_abandoned does not wait for the grace") {
  auto child = spawn();
  const pid_t pid = child->pid();
  system.running_groups = {pid};
  child.reset();
  reaper.kill_abandoned();
  CHECK(system.sent(-pid, SIGKILL));
  system.zombies[pid] = SIGKILL;
  pass(20ms);
  CHECK(reaper.idle());
}

TEST_CASE_FIXTURE(ReaperTest,
                  "at the end every descendant is asked once, and killed after its grace") {
  const Fd nowhere(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  log::open(nowhere.get(), nowhere.get());
  system.running_descendants = {71, 72};
  CHECK_FALSE(reaper.end_descendants(1s));
  CHECK(system.sent(71, SIGTERM));
  CHECK(system.sent(72, SIGTERM));
  system.running_descendants = {72, 73};  // 71 has ended, 72 has started another to clean up
  CHECK_FALSE(reaper.end_descendants(1s));
  CHECK_FALSE(system.sent(73, SIGTERM));
  CHECK(std::count(system.signals.begin(), system.signals.end(), std::pair(72, SIGTERM)) == 1);
  CHECK_FALSE(system.sent(72, SIGKILL));
  pass(1s);
  CHECK_FALSE(reaper.end_descendants(1s));
  CHECK(system.sent(72, SIGKILL));
  CHECK(system.sent(73, SIGKILL));
  system.running_descendants.clear();
  CHECK(reaper.end_descendants(1s));
  log::flush();
  log::open(1, 2);
}

TEST_CASE_FIXTURE(ReaperTest, "one look at all processes serves all abandoned groups") {
  std::vector<std::unique_ptr<Child>> children;
  for (int i = 0; i < 100; ++i) children.push_back(spawn());
  for (const auto& child : children) {
    system.zombies[child->pid()] = 0;
    system.running_groups.insert(child->pid());
  }
  {
    const Turn turn(loop);
    children.clear();
  }
  pass(0ms);
  CHECK(system.looks <= 1);
  for (int i = 1; i <= 10; ++i) pass(10ms);
  CHECK(system.looks <= 11);
  CHECK_FALSE(reaper.idle());
  system.running_groups.clear();
  pass(10ms);
  CHECK(reaper.idle());
}

TEST_CASE_FIXTURE(ReaperTest,
                  "a process that ended before it was adopted is told with its status") {
  reaper.keep_orphans();
  system.zombies[300] = 7 << 8;
  child_signal();
  CHECK(system.reaped == std::vector<pid_t>{300});
  std::optional<ExitStatus> end;
  const auto child = Child::adopt(loop, reaper, 300, 0, [&](ExitStatus status) { end = status; });
  CHECK_FALSE(child->running());
  CHECK_FALSE(end);
  pass(0ms);
  REQUIRE(end);
  CHECK(end->code == 7);
  CHECK(system.signals.empty());
}

TEST_CASE_FIXTURE(ReaperTest, "a process that runs when it is adopted is reaped by its Child") {
  reaper.keep_orphans();
  std::optional<ExitStatus> end;
  const auto child = Child::adopt(loop, reaper, 300, 0, [&](ExitStatus status) { end = status; });
  CHECK(child->running());
  system.zombies[300] = SIGKILL;
  child_signal();
  REQUIRE(end);
  CHECK(end->signal == SIGKILL);
}

TEST_CASE_FIXTURE(ReaperTest, "the status of an orphan is kept only where that was asked for") {
  system.zombies[300] = 7 << 8;
  child_signal();
  CHECK_FALSE(reaper.take_orphan(300));
}

TEST_CASE_FIXTURE(ReaperTest, "statuses of orphans that nobody adopts are dropped after a while") {
  reaper.keep_orphans();
  system.zombies[300] = 0;
  child_signal();
  pass(11s);
  for (pid_t pid = 1000; pid < 1064; ++pid) system.zombies[pid] = 0;
  child_signal();
  CHECK_FALSE(reaper.take_orphan(300));
  CHECK(reaper.take_orphan(1063) == 0);
}

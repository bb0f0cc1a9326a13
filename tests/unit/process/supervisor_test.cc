#include "process/supervisor.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fake_clock.h"
#include "process/reaper.h"
#include "process/scripted_system.h"

using namespace watchdog;
using namespace std::chrono_literals;

namespace {

using State = Supervisor::State;

struct FakeProbe final : ReadinessProbe {
  void ask(std::function<void(std::optional<std::string>)> call) override {
    ++asked;
    on_response = std::move(call);
  }
  void cancel() override { on_response = nullptr; }

  void answer(std::optional<std::string> problem) {
    REQUIRE(on_response);
    std::exchange(on_response, nullptr)(std::move(problem));
  }

  std::function<void(std::optional<std::string>)> on_response;
  int asked = 0;
};

struct SupervisorTest final : Supervisor::Owner {
  explicit SupervisorTest(Restart restart = Restart::kNo,
                          Remains::Scope scope = Remains::Scope::kSession) {
    log::open(nowhere.get(), nowhere.get());
    auto owned = std::make_unique<FakeProbe>();
    probe = owned.get();
    supervisor.emplace(loop, reaper,
                       Supervisor::Plan{.command = {"/bin/true"},
                                        .restart = restart,
                                        .startup_timeout = 60s,
                                        .stop_signal = SIGQUIT,
                                        .stop_timeout = 2s,
                                        .log_line_limit = 1000,
                                        .scope = scope},
                       std::move(owned), static_cast<Supervisor::Owner&>(*this));
  }
  ~SupervisorTest() override {
    supervisor.reset();
    log::flush();
    log::open(1, 2);
  }

  void on_supervised_state(State state) override { states.push_back(state); }
  void on_supervised_end(int exit_code) override { ended_with = exit_code; }
  bool is_stopping() const override { return stopping; }

  void start() {
    supervisor->start();
    settle();
  }
  void become_ready() {
    probe->answer(std::nullopt);
    settle();
  }
  // The process that was started last ends with this wait status.
  void exit(int status) {
    system.zombies[system.next_pid - 1] = status;
    reaper.on_child_signal();
    settle();
  }
  void pass(Duration time) {
    clock.advance(time);
    settle();
  }
  void settle() {
    for (int i = 0; i < 3; ++i) loop.poll();
  }
  int starts() const { return system.next_pid - 100; }

  const Fd nowhere{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
  FakeClock clock;
  Loop loop{clock};
  ScriptedSystem system;
  Reaper reaper{loop, system};
  FakeProbe* probe = nullptr;
  std::vector<State> states;
  std::optional<int> ended_with;
  bool stopping = false;
  std::optional<Supervisor> supervisor;
};

constexpr int exited(int code) {
  return code << 8;
}

}  // namespace

TEST_CASE("a process is starting until the probe says that it is ready") {
  SupervisorTest fixture;
  fixture.start();
  CHECK(fixture.states == std::vector{State::kStarting});
  fixture.become_ready();
  CHECK(fixture.states == std::vector{State::kStarting, State::kReady});
}

TEST_CASE("the probe is asked again 10 ms after each no") {
  SupervisorTest fixture;
  fixture.start();
  for (int asked = 1; asked < 5; ++asked) {
    CHECK(fixture.probe->asked == asked);
    fixture.probe->answer("not yet");
    fixture.pass(9ms);
    CHECK(fixture.probe->asked == asked);
    fixture.pass(1ms);
  }
}

TEST_CASE("a process that is not ready in time is ended, and 69 is what it ends with") {
  SupervisorTest fixture;
  fixture.start();
  fixture.probe->answer("not yet");
  fixture.pass(60s);
  CHECK(fixture.system.sent(-100, SIGTERM));
  CHECK(fixture.states.back() == State::kOver);
  CHECK(fixture.ended_with == 69);
}

TEST_CASE("without a restart its end is the end, with its code or its signal") {
  for (const auto& [status, code] : {std::pair{exited(0), 0}, {exited(7), 7}, {SIGKILL, 137}}) {
    SupervisorTest fixture;
    fixture.start();
    fixture.become_ready();
    fixture.exit(status);
    CHECK(fixture.states.back() == State::kOver);
    CHECK(fixture.ended_with == code);
    CHECK(fixture.starts() == 1);
  }
}

TEST_CASE("what ended the process is kept for those who ask") {
  SupervisorTest fixture(Restart::kOnFailure);
  fixture.start();
  CHECK(fixture.supervisor->end_reason().empty());
  fixture.exit(exited(7));
  CHECK(fixture.supervisor->end_reason() == "the function's process ended by itself: exit code 7");
  fixture.pass(100ms);
  CHECK(fixture.supervisor->end_reason().empty());
  fixture.supervisor->stop();
  fixture.exit(SIGTERM);
  CHECK(fixture.supervisor->end_reason().empty());

  SupervisorTest slow;
  slow.start();
  slow.probe->answer("nobody answers");
  slow.pass(60s);
  CHECK(slow.supervisor->end_reason() ==
        "the function was not ready within startup_timeout=1m0s: nobody answers");
}

TEST_CASE("to end as asked while the watchdog is stopping is no failure, and nothing is started") {
  for (const int status : {SIGTERM, SIGQUIT, SIGINT, exited(0), exited(1), exited(128 + SIGTERM)}) {
    CAPTURE(status);
    for (const bool ready : {false, true}) {
      SupervisorTest fixture(Restart::kAlways);
      fixture.start();
      if (ready) fixture.become_ready();
      fixture.stopping = true;
      fixture.exit(status);
      CHECK(fixture.states.back() == State::kOver);
      CHECK(fixture.ended_with == 0);
      CHECK(fixture.supervisor->end_reason().empty());
      fixture.pass(60s);
      CHECK(fixture.starts() == 1);
    }
  }
}

TEST_CASE("a process that crashes while the watchdog is stopping has failed") {
  for (const auto& [status, code] : {std::pair{SIGSEGV, 139}, {SIGKILL, 137}}) {
    SupervisorTest fixture;
    fixture.start();
    fixture.become_ready();
    fixture.stopping = true;
    fixture.exit(status);
    CHECK(fixture.ended_with == code);
    CHECK_FALSE(fixture.supervisor->end_reason().empty());
  }
}

TEST_CASE("on-failure starts a failed process again and takes success for the end") {
  SupervisorTest fixture(Restart::kOnFailure);
  fixture.start();
  fixture.exit(exited(1));
  CHECK(fixture.states.back() == State::kWaiting);
  fixture.pass(100ms);
  CHECK(fixture.starts() == 2);
  CHECK(fixture.supervisor->restarts() == 1);
  fixture.exit(exited(0));
  CHECK(fixture.ended_with == 0);
}

TEST_CASE("always starts it again whatever its code") {
  SupervisorTest fixture(Restart::kAlways);
  fixture.start();
  fixture.exit(exited(0));
  fixture.pass(100ms);
  CHECK(fixture.starts() == 2);
  CHECK_FALSE(fixture.ended_with);
}

TEST_CASE("the wait doubles up to 10 s and starts anew after 30 s of health") {
  SupervisorTest fixture(Restart::kAlways);
  fixture.start();
  Duration wait = 100ms;
  for (int starts = 1; starts < 10; ++starts) {
    fixture.exit(exited(1));
    fixture.pass(wait - 1ms);
    CHECK(fixture.starts() == starts);
    fixture.pass(1ms);
    CHECK(fixture.starts() == starts + 1);
    wait = std::min<Duration>(wait * 2, 10s);
  }
  CHECK(wait == 10s);
  fixture.become_ready();
  fixture.pass(30s);
  fixture.exit(exited(1));
  fixture.pass(100ms);
  CHECK(fixture.starts() == 11);
}

TEST_CASE("stop asks the whole group to end, and its exit is the end without a code") {
  SupervisorTest fixture(Restart::kAlways);
  fixture.start();
  fixture.become_ready();
  fixture.supervisor->stop();
  CHECK(fixture.states.back() == State::kStopping);
  CHECK(fixture.system.sent(-100, SIGQUIT));
  CHECK_FALSE(fixture.supervisor->over());
  fixture.exit(SIGQUIT);
  CHECK(fixture.supervisor->over());
  CHECK_FALSE(fixture.ended_with);
  CHECK(fixture.starts() == 1);
}

TEST_CASE("stop while it waits to start again is the end at once") {
  SupervisorTest fixture(Restart::kAlways);
  fixture.start();
  fixture.exit(exited(1));
  fixture.supervisor->stop();
  CHECK(fixture.supervisor->over());
  fixture.pass(20s);
  CHECK(fixture.starts() == 1);
}

TEST_CASE("what does not stop can be abandoned to the Reaper") {
  SupervisorTest fixture;
  fixture.start();
  fixture.supervisor->stop();
  {
    const Turn turn(fixture.loop);
    fixture.supervisor->abandon();
  }
  CHECK(fixture.supervisor->over());
  CHECK_FALSE(fixture.reaper.idle());
  fixture.exit(SIGTERM);
}

TEST_CASE("signals are passed on to the process") {
  SupervisorTest fixture;
  fixture.start();
  fixture.supervisor->forward(SIGHUP);
  CHECK(fixture.system.sent(100, SIGHUP));
}

TEST_CASE("stop begins with stop_signal, and after stop_timeout it is SIGKILL") {
  SupervisorTest fixture;
  fixture.start();
  fixture.supervisor->stop();
  CHECK(fixture.system.sent(-100, SIGQUIT));
  fixture.pass(1999ms);
  CHECK_FALSE(fixture.system.sent(-100, SIGKILL));
  fixture.pass(1ms);
  CHECK(fixture.system.sent(-100, SIGKILL));
  fixture.exit(SIGKILL);
  CHECK(fixture.supervisor->over());
}

TEST_CASE("a process that is replaced is ended and started again at once") {
  SupervisorTest fixture;
  fixture.start();
  fixture.become_ready();
  fixture.supervisor->replace();
  CHECK(fixture.states.back() == State::kReplacing);
  CHECK(fixture.system.sent(-100, SIGQUIT));
  fixture.supervisor->replace();  // once is enough
  CHECK(fixture.supervisor->restarts() == 1);
  fixture.exit(exited(3));
  CHECK(fixture.states.back() == State::kStarting);
  CHECK(fixture.starts() == 2);
  CHECK_FALSE(fixture.ended_with);
}

TEST_CASE("a process that waits to be started again is started at once when it is replaced") {
  SupervisorTest fixture(Restart::kAlways);
  fixture.start();
  fixture.exit(exited(1));
  CHECK(fixture.states.back() == State::kWaiting);
  fixture.supervisor->replace();
  CHECK(fixture.starts() == 2);
  CHECK(fixture.supervisor->restarts() == 1);
  fixture.pass(20s);
  CHECK(fixture.starts() == 2);
}

TEST_CASE("a process that has ended is started again when it is replaced, which counts") {
  SupervisorTest fixture;
  fixture.start();
  fixture.exit(exited(1));
  CHECK(fixture.supervisor->over());
  fixture.supervisor->replace();
  CHECK(fixture.starts() == 2);
  CHECK(fixture.supervisor->restarts() == 1);
}

TEST_CASE("stop while it is being replaced is the end") {
  SupervisorTest fixture;
  fixture.start();
  fixture.supervisor->replace();
  fixture.supervisor->stop();
  fixture.exit(exited(0));
  CHECK(fixture.supervisor->over());
  CHECK(fixture.starts() == 1);
}

TEST_CASE("what a process leaves behind is asked to end before the next one is started") {
  SupervisorTest fixture(Restart::kAlways);
  fixture.start();
  fixture.become_ready();
  fixture.system.running_sessions[100] = {101, 102};
  fixture.exit(SIGKILL);
  CHECK(fixture.states.back() == State::kClearing);
  for (const pid_t pid : {101, 102}) {
    CHECK(fixture.system.sent(pid, SIGQUIT));
    CHECK(fixture.system.sent(pid, SIGCONT));
  }
  const int asked = fixture.probe->asked;
  fixture.system.running_sessions[100] = {102};
  fixture.pass(1500ms);
  CHECK(fixture.states.back() == State::kClearing);
  CHECK(fixture.starts() == 1);
  CHECK(fixture.probe->asked == asked);  // it would be the old server that answers
  fixture.system.running_sessions.clear();
  fixture.pass(10ms);
  CHECK(fixture.states.back() == State::kWaiting);
  fixture.pass(100ms);
  CHECK(fixture.starts() == 2);
  CHECK_FALSE(fixture.system.sent(102, SIGKILL));
}

TEST_CASE("what a process leaves behind is killed after stop_timeout") {
  SupervisorTest fixture(Restart::kOnFailure);
  fixture.start();
  fixture.system.running_sessions[100] = {101};
  fixture.exit(exited(1));
  fixture.pass(1990ms);
  CHECK_FALSE(fixture.system.sent(101, SIGKILL));
  fixture.pass(10ms);
  CHECK(fixture.system.sent(101, SIGKILL));
  CHECK(fixture.starts() == 1);
}

TEST_CASE("what cannot be killed does not keep the function from coming back for ever") {
  SupervisorTest fixture(Restart::kAlways);
  fixture.start();
  fixture.system.running_sessions[100] = {101};
  fixture.exit(exited(1));
  fixture.pass(7s);
  CHECK(fixture.states.back() == State::kWaiting);
}

TEST_CASE("of several instances only the session of the one that ended is cleared") {
  SupervisorTest fixture(Restart::kAlways);
  fixture.start();
  fixture.system.running_descendants = {201};  // of another instance
  fixture.exit(exited(1));
  CHECK(fixture.states.back() == State::kWaiting);
  CHECK_FALSE(fixture.system.sent(201, SIGQUIT));
}

TEST_CASE("of a single instance all that descends from us is cleared, wherever it went") {
  SupervisorTest fixture(Restart::kAlways, Remains::Scope::kAllDescendants);
  fixture.start();
  fixture.system.running_descendants = {201};
  fixture.exit(exited(1));
  CHECK(fixture.states.back() == State::kClearing);
  CHECK(fixture.system.sent(201, SIGQUIT));
}

TEST_CASE("a process that was not ready in time is gone before the next one is started") {
  SupervisorTest fixture(Restart::kOnFailure);
  fixture.start();
  fixture.probe->answer("not yet");
  fixture.pass(60s);
  CHECK(fixture.states.back() == State::kClearing);
  CHECK(fixture.system.sent(-100, SIGQUIT));
  fixture.pass(2s);
  CHECK(fixture.system.sent(-100, SIGKILL));
  CHECK(fixture.starts() == 1);
  fixture.exit(SIGKILL);
  CHECK(fixture.states.back() == State::kWaiting);
  fixture.pass(100ms);
  CHECK(fixture.starts() == 2);
}

TEST_CASE("a process that is replaced takes what it left behind along") {
  SupervisorTest fixture;
  fixture.start();
  fixture.become_ready();
  fixture.system.running_sessions[100] = {101};
  fixture.supervisor->replace();
  fixture.exit(exited(0));
  CHECK(fixture.starts() == 1);
  fixture.system.running_sessions.clear();
  fixture.pass(10ms);
  CHECK(fixture.starts() == 2);
  CHECK(fixture.supervisor->restarts() == 1);
}

TEST_CASE("replacing while what was left behind is cleared starts it at once, and once") {
  SupervisorTest fixture(Restart::kAlways);
  fixture.start();
  fixture.system.running_sessions[100] = {101};
  fixture.exit(exited(1));
  fixture.supervisor->replace();
  fixture.supervisor->replace();
  fixture.system.running_sessions.clear();
  fixture.pass(10ms);
  CHECK(fixture.starts() == 2);
  CHECK(fixture.supervisor->restarts() == 1);
}

TEST_CASE("stop while what was left behind is cleared is the end at once") {
  SupervisorTest fixture(Restart::kAlways);
  fixture.start();
  fixture.system.running_sessions[100] = {101};
  fixture.exit(exited(1));
  fixture.supervisor->stop();
  CHECK(fixture.supervisor->over());
  fixture.system.running_sessions.clear();
  fixture.pass(20s);
  CHECK(fixture.starts() == 1);
}

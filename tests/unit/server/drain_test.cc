#include "server/drain.h"

#include <doctest/doctest.h>

#include <csignal>
#include <vector>

#include "fake_clock.h"
#include "process/scripted_system.h"

using namespace watchdog;
using namespace std::chrono_literals;

namespace {

// Workers and a warm function that end when the test says so.
struct Fixture : Drain::Subject {
  FakeClock clock;
  Loop loop{clock};
  Config config;
  Lifecycle lifecycle;
  Metrics metrics;
  ScriptedSystem system;
  Reaper reaper{loop, system};
  std::vector<Stage> stages;
  bool busy = true;
  bool function_runs = false;
  int stops = 0;
  int abandons = 0;
  Drain drain{loop, config, lifecycle, metrics, reaper, *this};

  Fixture() {
    config.healthcheck_interval = 10s;
    config.shutdown_timeout = 30s;
    config.stop_timeout = 2s;
    lifecycle.advance(Stage::kServing);
  }

  void on_stage() override { stages.push_back(lifecycle.stage()); }
  bool idle() const override { return !busy; }
  void stop_function() override { ++stops; }
  void abandon_function() override { ++abandons; }
  bool function_over() const override { return !function_runs; }

  void pass(Duration time) {
    clock.advance(time);
    loop.poll();
  }
  // Longer than the interval at which what is left is looked for.
  void look() { pass(Drain::kCheckInterval); }
  Stage stage() const { return lifecycle.stage(); }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "SIGTERM drains for healthcheck_interval, then closes") {
  drain.on_terminate();
  CHECK(stage() == Stage::kDraining);
  pass(9s);
  CHECK(stage() == Stage::kDraining);
  pass(1s);
  CHECK(stage() == Stage::kClosing);
}

TEST_CASE_FIXTURE(Fixture, "SIGINT closes at once") {
  drain.on_interrupt();
  CHECK(stages == std::vector{Stage::kClosing});
}

TEST_CASE_FIXTURE(Fixture, "draining goes on for its whole time, however idle we are") {
  busy = false;
  drain.on_terminate();
  pass(9s);
  drain.check();
  CHECK(stage() == Stage::kDraining);
}

TEST_CASE_FIXTURE(Fixture, "closing waits for the last request, and then it is over") {
  drain.on_interrupt();
  pass(20s);
  CHECK(stage() == Stage::kClosing);
  CHECK(stops == 0);
  busy = false;
  look();
  CHECK(stages == std::vector{Stage::kClosing, Stage::kOver});
}

TEST_CASE_FIXTURE(Fixture, "a subject that has become idle need not be looked at again") {
  drain.on_interrupt();
  busy = false;
  drain.check();
  CHECK(stage() == Stage::kOver);
}

TEST_CASE_FIXTURE(Fixture,
                  "the warm function is asked to end after the last request, and awaited") {
  function_runs = true;
  drain.on_interrupt();
  look();
  CHECK(stops == 0);
  busy = false;
  look();
  CHECK(stops > 0);
  CHECK(stage() == Stage::kClosing);
  function_runs = false;
  look();
  CHECK(stage() == Stage::kOver);
}

TEST_CASE_FIXTURE(Fixture, "a second signal asks functions to end") {
  drain.on_terminate();
  drain.on_terminate();
  CHECK(stages == std::vector{Stage::kDraining, Stage::kStopping});
  CHECK(stops == 1);
  drain.on_interrupt();
  CHECK(stages.size() == 2);
}

TEST_CASE_FIXTURE(Fixture, "so does a second signal of another kind") {
  drain.on_interrupt();
  drain.on_terminate();
  CHECK(stage() == Stage::kStopping);
}

TEST_CASE_FIXTURE(Fixture, "a function that has ended for good has us stop at once") {
  drain.on_function_gone();
  CHECK(stages == std::vector{Stage::kStopping});
}

TEST_CASE_FIXTURE(Fixture, "functions are asked to end when only stop_timeout is left") {
  drain.on_terminate();
  pass(10s);
  CHECK(stage() == Stage::kClosing);
  pass(17s);
  CHECK(stage() == Stage::kClosing);
  pass(1s);  // 28 s of 30 s
  CHECK(stage() == Stage::kStopping);
}

TEST_CASE_FIXTURE(Fixture, "a healthcheck_interval beyond the end does not put it off") {
  config.healthcheck_interval = 1h;
  drain.on_terminate();
  pass(28s);
  CHECK(stage() == Stage::kStopping);
}

TEST_CASE_FIXTURE(Fixture,
                  "what is unanswered after stop_timeout is aborted, and its function killed") {
  drain.on_interrupt();
  drain.on_interrupt();
  CHECK(abandons == 0);
  pass(2s);
  CHECK(stage() == Stage::kAborting);
  CHECK(abandons == 1);
}

TEST_CASE_FIXTURE(Fixture, "it is over after the last words, whatever is left") {
  function_runs = true;
  drain.on_interrupt();
  drain.on_interrupt();
  pass(2s);
  pass(Drain::kLastWords);
  CHECK(stages == std::vector{Stage::kClosing, Stage::kStopping, Stage::kAborting, Stage::kOver});
}

TEST_CASE_FIXTURE(Fixture, "what functions left behind is asked to end, killed, and waited for") {
  system.running_descendants = {77};
  busy = false;
  drain.on_interrupt();
  look();
  CHECK(system.sent(77, SIGTERM));
  CHECK(stage() == Stage::kClosing);
  pass(2s);
  CHECK(system.sent(77, SIGKILL));
  system.running_descendants.clear();
  look();
  CHECK(stage() == Stage::kOver);
}

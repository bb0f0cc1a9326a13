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
struct DrainTest : Drain::Subject {
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
  bool report_left = false;  // spans that have not been sent
  bool report_wanted = false;
  int stops = 0;
  int abandons = 0;
  Drain drain{loop, config, lifecycle, metrics, reaper, *this};

  DrainTest() {
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
  bool report_sent() override {
    report_wanted = true;
    return !report_left;
  }

  void pass(Duration time) {
    clock.advance(time);
    loop.poll();
  }
  // Longer than the interval at which what is left is looked for.
  void look() { pass(Drain::kCheckInterval); }
  Stage stage() const { return lifecycle.stage(); }
};

}  // namespace

TEST_CASE_FIXTURE(DrainTest, "SIGTERM drains for healthcheck_interval, then closes") {
  drain.on_terminate();
  CHECK(stage() == Stage::kDraining);
  pass(9s);
  CHECK(stage() == Stage::kDraining);
  pass(1s);
  CHECK(stage() == Stage::kClosing);
}

TEST_CASE_FIXTURE(DrainTest, "SIGINT closes at once") {
  drain.on_interrupt();
  CHECK(stages == std::vector{Stage::kClosing});
}

TEST_CASE_FIXTURE(DrainTest, "draining goes on for its whole time, however idle we are") {
  busy = false;
  drain.on_terminate();
  pass(9s);
  drain.check();
  CHECK(stage() == Stage::kDraining);
}

TEST_CASE_FIXTURE(DrainTest, "closing waits for the last request, and then it is over") {
  drain.on_interrupt();
  pass(20s);
  CHECK(stage() == Stage::kClosing);
  CHECK(stops == 0);
  busy = false;
  look();
  CHECK(stages == std::vector{Stage::kClosing, Stage::kOver});
}

TEST_CASE_FIXTURE(DrainTest, "a subject that has become idle need not be looked at again") {
  drain.on_interrupt();
  busy = false;
  drain.check();
  CHECK(stage() == Stage::kOver);
}

TEST_CASE_FIXTURE(DrainTest,
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

TEST_CASE_FIXTURE(DrainTest, "what is known of the requests is sent when all else is over") {
  report_left = true;
  drain.on_interrupt();
  look();
  CHECK_FALSE(report_wanted);
  busy = false;
  look();
  CHECK(report_wanted);
  CHECK(stage() == Stage::kClosing);
  report_left = false;
  look();
  CHECK(stage() == Stage::kOver);
}

TEST_CASE_FIXTURE(
    DrainTest, "where only that is left when the time is over, nobody is asked to end any more") {
  report_left = true;
  busy = false;
  drain.on_interrupt();
  pass(28s - 1ms);
  CHECK(stage() == Stage::kClosing);
  pass(1ms);
  CHECK(stages == std::vector{Stage::kClosing, Stage::kOver});
}

TEST_CASE_FIXTURE(DrainTest, "where only that is left a second signal does not wait for it") {
  report_left = true;
  busy = false;
  drain.on_interrupt();
  look();
  CHECK(stage() == Stage::kClosing);
  drain.on_terminate();
  CHECK(stages == std::vector{Stage::kClosing, Stage::kOver});
  CHECK(stops == 1);
}

TEST_CASE_FIXTURE(DrainTest, "functions that were asked to end leave the rest of the time to it") {
  report_left = true;
  drain.on_interrupt();
  drain.on_interrupt();
  busy = false;
  look();
  CHECK(report_wanted);
  pass(2s);
  CHECK(stages == std::vector{Stage::kClosing, Stage::kStopping, Stage::kOver});
}

TEST_CASE_FIXTURE(DrainTest, "requests that were aborted leave it the time of the last words") {
  report_left = true;
  drain.on_interrupt();
  drain.on_interrupt();
  pass(2s);
  busy = false;
  look();
  CHECK(report_wanted);
  CHECK(stage() == Stage::kAborting);
  report_left = false;
  look();
  CHECK(stage() == Stage::kOver);
}

TEST_CASE_FIXTURE(DrainTest, "a second signal asks functions to end") {
  drain.on_terminate();
  drain.on_terminate();
  CHECK(stages == std::vector{Stage::kDraining, Stage::kStopping});
  CHECK(stops == 1);
  drain.on_interrupt();
  CHECK(stages.size() == 2);
}

TEST_CASE_FIXTURE(DrainTest, "so does a second signal of another kind") {
  drain.on_interrupt();
  drain.on_terminate();
  CHECK(stage() == Stage::kStopping);
}

TEST_CASE_FIXTURE(DrainTest, "a function that has ended for good has us stop at once") {
  drain.on_function_gone();
  CHECK(stages == std::vector{Stage::kStopping});
}

TEST_CASE_FIXTURE(DrainTest, "functions are asked to end when only stop_timeout is left") {
  drain.on_terminate();
  pass(10s);
  CHECK(stage() == Stage::kClosing);
  pass(17s);
  CHECK(stage() == Stage::kClosing);
  pass(1s);  // 28 s of 30 s
  CHECK(stage() == Stage::kStopping);
}

TEST_CASE_FIXTURE(DrainTest, "a healthcheck_interval beyond the end does not put it off") {
  config.healthcheck_interval = 1h;
  drain.on_terminate();
  pass(28s);
  CHECK(stage() == Stage::kStopping);
}

TEST_CASE_FIXTURE(DrainTest,
                  "what is unanswered after stop_timeout is aborted, and its function killed") {
  drain.on_interrupt();
  drain.on_interrupt();
  CHECK(abandons == 0);
  pass(2s);
  CHECK(stage() == Stage::kAborting);
  CHECK(abandons == 1);
}

TEST_CASE_FIXTURE(DrainTest, "it is over after the last words, whatever is left") {
  function_runs = true;
  drain.on_interrupt();
  drain.on_interrupt();
  pass(2s);
  pass(Drain::kLastWords);
  CHECK(stages == std::vector{Stage::kClosing, Stage::kStopping, Stage::kAborting, Stage::kOver});
}

TEST_CASE_FIXTURE(DrainTest, "what functions left behind is asked to end, killed, and waited for") {
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

TEST_CASE_FIXTURE(DrainTest,
                  "prepared, it drains and tells when that is over, and waits for a signal") {
  int told = 0;
  Drain::Waiter waiter = [&] { ++told; };
  auto place = drain.wait(waiter);
  drain.prepare();
  CHECK(stage() == Stage::kDraining);
  pass(9s);
  CHECK(told == 0);
  pass(1s);
  CHECK(told == 1);
  pass(1h);
  CHECK(stages == std::vector{Stage::kDraining});
  drain.on_terminate();
  CHECK(stage() == Stage::kClosing);
}

TEST_CASE_FIXTURE(DrainTest,
                  "a signal while it is prepared sets the deadline, and is the first one") {
  drain.prepare();
  pass(5s);
  drain.on_terminate();
  CHECK(stage() == Stage::kDraining);
  pass(5s);
  CHECK(stage() == Stage::kClosing);
  pass(23s);  // 28 s after the signal
  CHECK(stage() == Stage::kStopping);
}

TEST_CASE_FIXTURE(DrainTest, "SIGINT ends what was prepared at once") {
  drain.prepare();
  drain.on_interrupt();
  CHECK(stage() == Stage::kClosing);
}

TEST_CASE_FIXTURE(DrainTest,
                  "who asks when draining is over, or the end has begun, is told at once") {
  int told = 0;
  Drain::Waiter waiter = [&] { ++told; };
  drain.on_interrupt();
  auto place = drain.wait(waiter);
  drain.prepare();
  CHECK(told == 1);
  CHECK_FALSE(place.waiting());
}

TEST_CASE_FIXTURE(DrainTest, "who does not wait any more is not told") {
  bool told = false;
  Drain::Waiter waiter = [&] { told = true; };
  { const auto place = drain.wait(waiter); }
  drain.prepare();
  pass(10s);
  CHECK_FALSE(told);
}

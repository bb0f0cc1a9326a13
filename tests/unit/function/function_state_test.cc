#include "function/function_state.h"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "fake_clock.h"

using namespace watchdog;

namespace {

using State = Instance::State;

struct FunctionStateTest {
  FunctionState function;
  int changes = 0;  // of whether an instance hangs

  FunctionStateTest() {
    function.on_hanging([this] { ++changes; });
  }
  Instance& add(State state, unsigned hung_after = 0) {
    Instance& instance = function.add_instance();
    instance.state = state;
    instance.most_timeouts = hung_after;
    return instance;
  }
  void run_into_timeouts(Instance& instance, unsigned times) {
    for (unsigned i = 0; i < times; ++i) function.note_timeout(instance);
  }
};

}  // namespace

TEST_CASE_FIXTURE(FunctionStateTest, "a function that is started for each request is ready") {
  CHECK(function.get() == State::kReady);
  CHECK(function.healthy());
}

TEST_CASE_FIXTURE(FunctionStateTest, "a function is in the best of its instances' states") {
  struct Row {
    State one;
    State other;
    State best;
  };
  for (const Row& row : {Row{State::kReady, State::kGone, State::kReady},
                         Row{State::kComing, State::kReady, State::kReady},
                         Row{State::kGone, State::kComing, State::kComing},
                         Row{State::kGone, State::kGone, State::kGone}}) {
    CAPTURE(static_cast<int>(row.one));
    CAPTURE(static_cast<int>(row.other));
    FunctionState of_two;
    of_two.set(of_two.add_instance(), row.one);
    of_two.set(of_two.add_instance(), row.other);
    CHECK(of_two.get() == row.best);
  }
}

TEST_CASE_FIXTURE(FunctionStateTest, "an instance is not ready before it says so") {
  CHECK_FALSE(function.add_instance().ready());
  CHECK(function.get() == State::kComing);
}

TEST_CASE_FIXTURE(FunctionStateTest, "it is known why the instance that went last has gone") {
  Instance& one = add(State::kReady);
  Instance& other = add(State::kReady);
  CHECK(function.why_gone().empty());
  function.set(one, State::kGone, "exited with 1");
  function.set(other, State::kComing, "not asked for");
  CHECK(function.why_gone() == "exited with 1");
  function.set(other, State::kGone, "exited with 2");
  CHECK(function.why_gone() == "exited with 2");
}

TEST_CASE_FIXTURE(FunctionStateTest,
                  "a function is healthy while one instance is ready and works") {
  Instance& one = add(State::kReady, 1);
  Instance& other = add(State::kReady, 1);
  CHECK(function.healthy());
  run_into_timeouts(one, 1);
  CHECK(function.healthy());
  function.set(other, State::kComing);
  CHECK_FALSE(function.healthy());
  function.note_response(one);
  CHECK(function.healthy());
  function.set(one, State::kGone);
  CHECK_FALSE(function.healthy());
}

TEST_CASE_FIXTURE(FunctionStateTest, "an instance hangs after hung_after timeouts in a row") {
  Instance& instance = add(State::kReady, 3);
  run_into_timeouts(instance, 2);
  CHECK_FALSE(instance.hung());
  CHECK(changes == 0);
  run_into_timeouts(instance, 1);
  CHECK(instance.hung());
  run_into_timeouts(instance, 2);
  CHECK(changes == 1);
}

TEST_CASE_FIXTURE(FunctionStateTest, "a response between them begins the row anew") {
  Instance& instance = add(State::kReady, 3);
  run_into_timeouts(instance, 2);
  function.note_response(instance);
  run_into_timeouts(instance, 2);
  CHECK_FALSE(instance.hung());
  CHECK(changes == 0);
}

TEST_CASE_FIXTURE(FunctionStateTest, "an instance that hangs does so until it responds") {
  Instance& instance = add(State::kReady, 1);
  run_into_timeouts(instance, 2);
  function.note_response(instance);
  CHECK_FALSE(instance.hung());
  CHECK(changes == 2);
  function.note_response(instance);
  CHECK(changes == 2);
}

TEST_CASE_FIXTURE(FunctionStateTest, "without hung_after no instance hangs") {
  Instance& instance = add(State::kReady);
  run_into_timeouts(instance, 100);
  CHECK_FALSE(instance.hung());
  function.note_response(instance);
  CHECK(instance.timeouts == 0);
  CHECK(changes == 0);
}

TEST_CASE_FIXTURE(FunctionStateTest, "the timeouts of one instance say nothing of another") {
  Instance& one = add(State::kReady, 2);
  Instance& other = add(State::kReady, 2);
  run_into_timeouts(one, 1);
  run_into_timeouts(other, 1);
  CHECK_FALSE(one.hung());
  CHECK_FALSE(other.hung());
}

TEST_CASE_FIXTURE(FunctionStateTest, "every observer is told of a change, on its own loop") {
  Instance& instance = add(State::kComing);
  const std::thread::id here = std::this_thread::get_id();
  int told = 0;
  const auto note = [&] {
    CHECK(std::this_thread::get_id() == here);
    CHECK(instance.ready());
    ++told;
  };
  Loop one;
  Loop other;
  const FunctionState::Observer first(function, one, note);
  const FunctionState::Observer second(function, other, note);
  std::thread([&] { function.set(instance, State::kReady); }).join();
  CHECK(told == 0);
  CHECK(poll_until(one, [&] { return told == 1; }));
  CHECK(poll_until(other, [&] { return told == 2; }));
}

TEST_CASE_FIXTURE(FunctionStateTest, "an observer that has gone is not told") {
  Instance& instance = add(State::kComing);
  Loop loop;
  int told = 0;
  auto gone = std::make_unique<FunctionState::Observer>(function, loop, [] { FAIL("told"); });
  const FunctionState::Observer stays(function, loop, [&] { ++told; });
  function.set(instance, State::kReady);
  gone.reset();
  function.set(instance, State::kComing);
  CHECK(poll_until(loop, [&] { return told > 0; }));
}

TEST_CASE_FIXTURE(FunctionStateTest, "a request is in flight as long as its InFlight lives") {
  Instance& instance = add(State::kReady);
  std::optional<InFlight> outer;
  {
    InFlight first(instance);
    const InFlight second(instance);
    CHECK(instance.in_flight == 2);
    outer.emplace(std::move(first));
    CHECK(instance.in_flight == 2);
  }
  CHECK(instance.in_flight == 1);
  outer.reset();
  CHECK(instance.in_flight == 0);
}

#include "net/timer.h"

#include <doctest/doctest.h>

#include <memory>
#include <vector>

#include "fake_clock.h"
#include "net/loop.h"

using namespace watchdog;
using namespace std::chrono_literals;

namespace {

struct TimerTest {
  FakeClock clock;
  Loop loop{clock};
  void pass(Duration time) {
    clock.advance(time);
    loop.poll();
  }
};

}  // namespace

TEST_CASE_FIXTURE(TimerTest, "a timer fires once, at its deadline and not before") {
  int fired = 0;
  Timer timer(loop, [&] { ++fired; });
  timer.set_after(100ms);
  pass(99ms);
  CHECK(fired == 0);
  pass(1ms);
  CHECK(fired == 1);
  CHECK_FALSE(timer.armed());
  pass(1h);
  CHECK(fired == 1);
}

TEST_CASE_FIXTURE(TimerTest, "a deadline moved later is kept, and moved earlier is kept too") {
  int fired = 0;
  Timer timer(loop, [&] { ++fired; });
  timer.set_after(100ms);
  timer.set_after(200ms);
  pass(150ms);
  CHECK(fired == 0);
  timer.set_after(10ms);
  pass(10ms);
  CHECK(fired == 1);
}

TEST_CASE_FIXTURE(TimerTest, "a timer that is to fire within some time still fires sooner") {
  int fired = 0;
  Timer timer(loop, [&] { ++fired; });
  timer.fire_within(100ms);
  timer.fire_within(10ms);
  timer.fire_within(200ms);
  pass(9ms);
  CHECK(fired == 0);
  pass(1ms);
  CHECK(fired == 1);
  pass(1s);
  CHECK(fired == 1);
}

TEST_CASE_FIXTURE(TimerTest, "a cleared timer does not fire, and can be set again") {
  int fired = 0;
  Timer timer(loop, [&] { ++fired; });
  timer.set_after(100ms);
  timer.clear();
  pass(1s);
  CHECK(fired == 0);
  timer.set_after(5ms);
  pass(5ms);
  CHECK(fired == 1);
}

TEST_CASE_FIXTURE(TimerTest, "destroying a timer cancels it") {
  int fired = 0;
  auto timer = std::make_unique<Timer>(loop, [&] { ++fired; });
  timer->set_after(1ms);
  timer.reset();
  pass(1s);
  CHECK(fired == 0);
}

TEST_CASE_FIXTURE(TimerTest, "a timer may set itself again, and destroy another, when it fires") {
  int first = 0;
  int second = 0;
  auto doomed = std::make_unique<Timer>(loop, [&] { ++second; });
  Timer timer(loop, [&] {
    doomed.reset();
    if (++first < 3) timer.set_after(10ms);
  });
  timer.set_after(10ms);
  doomed->set_after(10ms + 1ns);
  for (int i = 0; i < 10; ++i) pass(10ms);
  CHECK(first == 3);
  CHECK(second == 0);
}

TEST_CASE_FIXTURE(TimerTest, "many timers fire in the order of their deadlines") {
  std::vector<int> order;
  std::vector<std::unique_ptr<Timer>> timers;
  for (int i = 0; i < 200; ++i) {
    timers.push_back(std::make_unique<Timer>(loop, [&order, i] { order.push_back(i); }));
    timers.back()->set_after(std::chrono::milliseconds((i * 7919) % 200));
  }
  for (int i = 0; i < 200; i += 3) timers[static_cast<size_t>(i)]->clear();
  pass(1s);
  CHECK(order.size() == 133);
  for (size_t i = 1; i < order.size(); ++i) {
    CHECK((order[i - 1] * 7919) % 200 < (order[i] * 7919) % 200);
  }
}

TEST_CASE_FIXTURE(TimerTest, "a delay of centuries is no deadline in the past") {
  int fired = 0;
  Timer timer(loop, [&] { ++fired; });
  timer.set_after(Duration::max());
  pass(1h);
  CHECK(fired == 0);
}

TEST_CASE("on the real clock a timer is never early") {
  Loop loop;
  bool fired = false;
  Timer timer(loop, [&] {
    fired = true;
    loop.stop();
  });
  const Instant deadline = loop.now() + 20ms;
  timer.set(deadline);
  // Something must keep the loop alive, as a listener does.
  const Wakeup alive(loop, [] {});
  loop.run();
  CHECK(fired);
  CHECK(loop.now() >= deadline);
}

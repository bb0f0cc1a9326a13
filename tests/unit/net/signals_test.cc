#include "net/signals.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <memory>
#include <vector>

#include "fake_clock.h"

using namespace watchdog;

namespace {

// Every signal that is raised here is blocked: the tests' main() has called block_signals().
struct SignalsTest {
  Loop loop;
  std::vector<int> told;
  std::unique_ptr<Signals> signals;

  SignalsTest() {
    const Turn turn(loop);
    auto watched =
        Signals::watch(loop, {SIGUSR1, SIGUSR2}, [this](int signal) { told.push_back(signal); });
    REQUIRE(watched);
    signals = std::move(*watched);
  }
  ~SignalsTest() {
    const Turn turn(loop);
    signals.reset();
  }
  bool is_told(size_t count) {
    return poll_until(loop, [&] { return told.size() >= count; });
  }
};

}  // namespace

TEST_CASE_FIXTURE(SignalsTest, "a watched signal is told on the loop, and ends nobody") {
  std::raise(SIGUSR1);
  CHECK(told.empty());
  REQUIRE(is_told(1));
  CHECK(told == std::vector<int>{SIGUSR1});
}

TEST_CASE_FIXTURE(SignalsTest, "a signal is pending until it has been told") {
  CHECK_FALSE(Signals::pending({SIGUSR1, SIGUSR2}));
  std::raise(SIGUSR2);
  CHECK(Signals::pending({SIGUSR1, SIGUSR2}));
  CHECK_FALSE(Signals::pending({SIGUSR1}));
  REQUIRE(is_told(1));
  CHECK_FALSE(Signals::pending({SIGUSR1, SIGUSR2}));
}

TEST_CASE_FIXTURE(SignalsTest, "signals wait while listening is paused, equal ones as one") {
  {
    const Turn turn(loop);
    signals->pause();
  }
  std::raise(SIGUSR1);
  std::raise(SIGUSR1);
  std::raise(SIGUSR2);
  for (int i = 0; i < 5; ++i) loop.poll();
  CHECK(told.empty());
  {
    const Turn turn(loop);
    signals->resume();
  }
  REQUIRE(is_told(2));
  CHECK(told == std::vector<int>{SIGUSR1, SIGUSR2});
}

TEST_CASE("writing to a closed pipe is an error, not the end") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  ::close(ends[0]);
  CHECK(::write(ends[1], "x", 1) < 0);
  CHECK(errno == EPIPE);
  ::close(ends[1]);
}

#include "process/restart_backoff.h"

#include <doctest/doctest.h>

using namespace watchdog;
using namespace std::chrono_literals;

TEST_SUITE("restart backoff") {
  TEST_CASE("it doubles up to its most") {
    RestartBackoff backoff;
    Duration expected = 100ms;
    for (int end = 0; end < 7; ++end, expected *= 2) CHECK(backoff.after(1s) == expected);
    CHECK(backoff.after(1s) == 10s);
    CHECK(backoff.after(1s) == 10s);
  }

  TEST_CASE("it begins anew after a process that was up for a while, and when it is reset") {
    RestartBackoff backoff;
    CHECK(backoff.after({}) == 100ms);
    CHECK(backoff.after({}) == 200ms);
    CHECK(backoff.after(30s) == 100ms);
    CHECK(backoff.after(29s) == 200ms);
    backoff.reset();
    CHECK(backoff.after({}) == 100ms);
  }
}

#include "server/exemplars.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

using namespace watchdog;
using namespace std::chrono_literals;

namespace {

TraceIds ids_of(char digit) {
  TraceIds ids;
  ids.trace.fill(digit);
  ids.span.fill(digit);
  return ids;
}

}  // namespace

TEST_CASE("a bucket has no exemplar before the first, and then the last one") {
  Exemplars exemplars;
  CHECK_FALSE(exemplars.read(3));
  exemplars.note(3, ids_of('1'), 1s);
  exemplars.note(3, ids_of('2'), 2s);
  const auto last = exemplars.read(3);
  REQUIRE(last);
  CHECK(last->ids.trace_id() == std::string(32, '2'));
  CHECK(last->ids.span_id() == std::string(16, '2'));
  CHECK(last->value == 2s);
  CHECK_FALSE(exemplars.read(2));
  CHECK_FALSE(exemplars.read(4));
}

TEST_CASE("an exemplar says when it was noted") {
  const time_t before = time(nullptr);
  Exemplars exemplars;
  exemplars.note(0, ids_of('1'), 1s);
  CHECK(exemplars.read(0)->noted_at.tv_sec >= before - 1);
  CHECK(exemplars.read(0)->noted_at.tv_sec <= time(nullptr));
}

TEST_CASE("an exemplar is read whole while many threads note others in its bucket") {
  Exemplars exemplars;
  std::atomic<bool> over{false};
  std::vector<std::thread> threads;
  for (const char digit : {'1', '2', '3', '4'}) {
    threads.emplace_back([&, digit] {
      const TraceIds ids = ids_of(digit);
      while (!over) exemplars.note(0, ids, Duration(digit));
    });
  }
  for (int seen = 0; seen < 10'000;) {
    const auto exemplar = exemplars.read(0);
    if (!exemplar) continue;  // one is just being noted
    ++seen;
    const auto digit = static_cast<char>(exemplar->value.count());
    const bool whole =
        std::ranges::all_of(exemplar->ids.trace, [&](char c) { return c == digit; }) &&
        std::ranges::all_of(exemplar->ids.span, [&](char c) { return c == digit; });
    if (!whole) FAIL("parts of two exemplars");
  }
  over = true;
  for (std::thread& thread : threads) thread.join();
}

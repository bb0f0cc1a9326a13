#include "trace/id_source.h"

#include <doctest/doctest.h>

#include <array>
#include <map>
#include <set>
#include <string>

#include "trace/trace_context.h"

using namespace watchdog;
using namespace std::chrono_literals;

namespace {

constexpr Instant kNow{7s};

}  // namespace

TEST_CASE("ten thousand ids are all different, and a traceparent takes them") {
  IdSource ids;
  std::set<std::string> traces;
  std::set<std::string> spans;
  for (int i = 0; i < 10'000; ++i) {
    TraceContext context;
    ids.begin_trace(context.ids, kNow);
    traces.emplace(context.ids.trace_id());
    spans.emplace(context.ids.span_id());
    const Traceparent text = write_traceparent(context);
    REQUIRE(parse_traceparent({text.data(), text.size()}));
  }
  CHECK(traces.size() == 10'000);
  CHECK(spans.size() == 10'000);
}

TEST_CASE("every digit of an id takes every value, as often as the others") {
  IdSource ids;
  std::array<std::map<char, int>, 32> counts;
  for (int i = 0; i < 10'000; ++i) {
    TraceIds made;
    ids.begin_trace(made, kNow);
    for (size_t place = 0; place < counts.size(); ++place) ++counts[place][made.trace[place]];
  }
  for (const auto& count : counts) {
    CHECK(count.size() == 16);
    for (const auto& [digit, times] : count) {
      CHECK(times > 625 - 146);  // six standard deviations
      CHECK(times < 625 + 146);
    }
  }
}

namespace {

// Whether two sources make the same next id, as those that a snapshot has copied do.
bool make_the_same(IdSource& one, IdSource& other, Instant now = kNow) {
  TraceIds a;
  TraceIds b;
  one.make_span_id(a.span, now);
  other.make_span_id(b.span, now);
  return a.span_id() == b.span_id();
}

}  // namespace

TEST_CASE("copies of a source make different ids after so many at the latest") {
  IdSource one;
  TraceIds first;
  one.make_span_id(first.span, kNow);
  IdSource other = one;
  for (unsigned made = 1; made < IdSource::kMostIds; ++made) make_the_same(one, other);
  CHECK_FALSE(make_the_same(one, other));
}

TEST_CASE("copies of a source make different ids after a second, however few") {
  IdSource one;
  TraceIds first;
  one.make_span_id(first.span, kNow);
  IdSource other = one;
  CHECK(make_the_same(one, other, kNow + 999ms));
  CHECK_FALSE(make_the_same(one, other, kNow + 1s));
}

TEST_CASE("two sources do not make the same ids") {
  IdSource one;
  IdSource other;
  TraceIds a;
  TraceIds b;
  one.begin_trace(a, kNow);
  other.begin_trace(b, kNow);
  CHECK(a.trace_id() != b.trace_id());
}

#include "http/conditional.h"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string_view>

using namespace watchdog;

namespace {

constexpr std::string_view kBefore = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr std::string_view kAt = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr std::string_view kAfter = "Sun, 06 Nov 1994 08:49:38 GMT";
constexpr std::time_t kTime = 784111777;
constexpr Validators kStrong{"\"a\"", kTime};
constexpr Validators kWeak{"W/\"a\"", kTime};

RequestHead request(std::initializer_list<Field> fields, std::string_view method = "GET") {
  RequestHead head{.method = method, .target = "/"};
  for (const Field& field : fields) head.fields.add(field.name, field.value);
  return head;
}

Precondition check(std::initializer_list<Field> fields, const Validators& current = kStrong,
                   std::string_view method = "GET") {
  return check_preconditions(request(fields, method), current, kTime + 1000);
}

bool range_applies(std::string_view if_range, const Validators& current = kStrong,
                   std::time_t now = kTime + 1000) {
  return range_may_apply(request({{"If-Range", if_range}}), current, now);
}

}  // namespace

TEST_CASE("a request without preconditions is answered") {
  CHECK(check({}) == Precondition::kMet);
}

TEST_CASE("If-None-Match that names the state, however weakly, is not modified") {
  for (const std::string_view value :
       {"\"a\"", "W/\"a\"", "*", "\"x\", \"a\"", "\"x\",\"a\" , \"y\"", "W/\"x\",W/\"a\""}) {
    CAPTURE(value);
    CHECK(check({{"If-None-Match", value}}) == Precondition::kNotModified);
    CHECK(check({{"If-None-Match", value}}, kWeak) == Precondition::kNotModified);
    CHECK(check({{"If-None-Match", value}}, kStrong, "HEAD") == Precondition::kNotModified);
    CHECK(check({{"If-None-Match", value}}, kStrong, "PUT") == Precondition::kFailed);
  }
}

TEST_CASE("If-None-Match that names another state is met") {
  for (const std::string_view value :
       {"\"b\"", "a", "\"a", "", "\"A\"", "\"\"", "w/\"a\"", "x, \"a\""}) {
    CAPTURE(value);
    CHECK(check({{"If-None-Match", value}}) == Precondition::kMet);
  }
}

TEST_CASE("If-None-Match on several lines is one list") {
  CHECK(check({{"If-None-Match", "\"x\""}, {"if-none-match", "\"a\""}}) ==
        Precondition::kNotModified);
}

TEST_CASE("If-None-Match makes If-Modified-Since void") {
  CHECK(check({{"If-None-Match", "\"b\""}, {"If-Modified-Since", kAt}}) == Precondition::kMet);
}

TEST_CASE("If-Modified-Since compares seconds") {
  CHECK(check({{"If-Modified-Since", kBefore}}) == Precondition::kMet);
  CHECK(check({{"If-Modified-Since", kAt}}) == Precondition::kNotModified);
  CHECK(check({{"If-Modified-Since", kAfter}}) == Precondition::kNotModified);
  CHECK(check({{"If-Modified-Since", "garbage"}}) == Precondition::kMet);
  CHECK(check({{"If-Modified-Since", kAt}}, kStrong, "POST") == Precondition::kMet);
}

TEST_CASE("a state of unknown age knows no dates") {
  constexpr Validators kAgeless{"\"a\"", {}};
  CHECK(check({{"If-Modified-Since", kAfter}}, kAgeless) == Precondition::kMet);
  CHECK(check({{"If-Unmodified-Since", kBefore}}, kAgeless) == Precondition::kMet);
  CHECK_FALSE(range_applies(kAt, kAgeless));
}

TEST_CASE("If-Match must name the state strongly") {
  CHECK(check({{"If-Match", "\"a\""}}) == Precondition::kMet);
  CHECK(check({{"If-Match", "*"}}) == Precondition::kMet);
  CHECK(check({{"If-Match", "\"b\""}}) == Precondition::kFailed);
  CHECK(check({{"If-Match", "W/\"a\""}}) == Precondition::kFailed);
  CHECK(check({{"If-Match", "W/\"a\""}}, kWeak) == Precondition::kFailed);
  CHECK(check({{"If-Match", "garbage"}}) == Precondition::kFailed);
}

TEST_CASE("If-Unmodified-Since counts where there is no If-Match") {
  CHECK(check({{"If-Unmodified-Since", kBefore}}) == Precondition::kFailed);
  CHECK(check({{"If-Unmodified-Since", kAt}}) == Precondition::kMet);
  CHECK(check({{"If-Unmodified-Since", "garbage"}}) == Precondition::kMet);
  CHECK(check({{"If-Match", "\"a\""}, {"If-Unmodified-Since", kBefore}}) == Precondition::kMet);
}

TEST_CASE("what must match is asked before what must not") {
  CHECK(check({{"If-Match", "\"b\""}, {"If-None-Match", "\"a\""}}) == Precondition::kFailed);
  CHECK(check({{"If-Match", "\"a\""}, {"If-None-Match", "\"a\""}}) == Precondition::kNotModified);
}

TEST_CASE("without If-Range a range applies") {
  CHECK(range_may_apply(request({}), kStrong, kTime));
}

TEST_CASE("If-Range must name the very state") {
  CHECK(range_applies("\"a\""));
  CHECK_FALSE(range_applies("\"b\""));
  CHECK_FALSE(range_applies("W/\"a\""));
  CHECK_FALSE(range_applies("W/\"a\"", kWeak));
  CHECK(range_applies(kAt));
  CHECK_FALSE(range_applies(kBefore));
  CHECK_FALSE(range_applies(kAfter));
  CHECK_FALSE(range_applies("garbage"));
  CHECK_FALSE(range_applies(kAt, kStrong, kTime));  // it may change within this second
}

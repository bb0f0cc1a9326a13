#include "auth/bearer.h"

#include <doctest/doctest.h>

#include <initializer_list>

namespace watchdog {

namespace {

using Bearer = std::variant<std::string_view, TokenProblem>;

Bearer bearer_of(std::initializer_list<std::string_view> values) {
  return bearer_token(std::span(values.begin(), values.size()));
}

}  // namespace

TEST_CASE("the token stands behind the word Bearer of any case, and spaces") {
  for (const char* value : {"Bearer a.b.c", "bearer a.b.c", "BEARER a.b.c", "bEaReR    a.b.c",
                            " Bearer a.b.c\t", "Bearer a.b.c  "}) {
    CAPTURE(value);
    CHECK(bearer_of({value}) == Bearer("a.b.c"));
  }
}

TEST_CASE("without a bearer token it is missing") {
  CHECK(bearer_of({}) == Bearer(TokenProblem::kMissing));
  // A bare token is none, which the peer took for one.
  for (const char* value :
       {"", " ", "Bearer", "Bearer ", "Bearer    ", "a.b.c", "Basic YTpi", "Bearera.b.c",
        "Bearer=a.b.c", "Bearer\ta.b.c", "Bear a.b.c", "Digest Bearer a.b.c", "\"Bearer\" a.b.c"}) {
    CAPTURE(value);
    CHECK(bearer_of({value}) == Bearer(TokenProblem::kMissing));
  }
}

TEST_CASE("two Authorization fields are malformed, even when they are the same") {
  const Bearer malformed(TokenProblem::kMalformed);
  CHECK(bearer_of({"Bearer a.b.c", "Bearer a.b.c"}) == malformed);
  CHECK(bearer_of({"Bearer a.b.c", "Basic YTpi"}) == malformed);
  CHECK(bearer_of({"Basic YTpi", "Bearer a.b.c"}) == malformed);
  CHECK(bearer_of({"", "Bearer a.b.c"}) == malformed);
}

TEST_CASE("nothing stands behind the token") {
  for (const char* value : {"Bearer a.b.c d", "Bearer a.b.c, Basic YTpi", "Bearer a.b.c,d",
                            "Bearer a.b.c\td", "Bearer \ta.b.c", "Bearer Bearer a.b.c"}) {
    CAPTURE(value);
    CHECK(bearer_of({value}) == Bearer(TokenProblem::kMalformed));
  }
}

}  // namespace watchdog

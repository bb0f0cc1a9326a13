#include "http/date.h"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>

using namespace watchdog;

TEST_CASE("the date is the current one in the form of RFC 9110") {
  const time_t before = ::time(nullptr);
  const std::string text(http_date());
  const time_t after = ::time(nullptr);
  CHECK(text.size() == 29);
  tm parts{};
  const char* end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  REQUIRE(end != nullptr);
  CHECK(*end == '\0');
  const int weekday = parts.tm_wday;
  const time_t then = ::timegm(&parts);
  CHECK(then >= before);
  CHECK(then <= after);
  CHECK(parts.tm_wday == weekday);
}

TEST_CASE("a date is printed and read in the preferred form") {
  CHECK(format_http_date(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(format_http_date(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
  CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", 0) == 784111777);
  for (const std::time_t time : {0L, 951782400L, 1709210096L, 4102444800L}) {
    CHECK(parse_http_date(format_http_date(time), time) == time);
  }
}

TEST_CASE("the two old forms of a date are read too") {
  CHECK(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", 784111777) == 784111777);
  CHECK(parse_http_date("Sun Nov  6 08:49:37 1994", 0) == 784111777);
  CHECK(parse_http_date("Wed Nov 16 08:49:37 1994", 0) == 784111777 + 10 * 86400);
}

TEST_CASE("a year of two digits is never more than 50 years ahead") {
  const std::time_t in_2026 = 1779000000;
  CHECK(format_http_date(*parse_http_date("Friday, 06-Nov-76 08:49:37 GMT", in_2026)) ==
        "Fri, 06 Nov 2076 08:49:37 GMT");
  CHECK(format_http_date(*parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", in_2026)) ==
        "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST_CASE("what is no date is none") {
  constexpr std::array<std::string_view, 12> kWrong = {"",
                                                       "yesterday",
                                                       "Sun, 06 Nov 1994 08:49:37",
                                                       "Sun, 06 Nov 1994 08:49:37 UTC",
                                                       "Sun, 06 Nov 1994 08:49:37 GMT ",
                                                       "Sun, 6 Nov 1994 08:49:37 GMT",
                                                       "Sun, 06 nov 1994 08:49:37 GMT",
                                                       "Sun, 32 Nov 1994 08:49:37 GMT",
                                                       "Sun, 06 Nov 1994 24:49:37 GMT",
                                                       "Sun Nov 6 08:49:37 1994",
                                                       "784111777",
                                                       "Sunday, 06 Nov 1994 08:49:37 GMT"};
  for (const auto text : kWrong) {
    CAPTURE(text);
    CHECK_FALSE(parse_http_date(text, 784111777));
  }
}

#include "http/accept.h"

#include <doctest/doctest.h>

#include <string_view>

using namespace watchdog;

namespace {

constexpr MediaType kOffered{"text/plain", "0.0.4"};

int quality_of_plain(std::string_view accept) {
  Fields fields;
  fields.add("Accept", accept);
  return media_quality(fields, kOffered);
}

}  // namespace

TEST_CASE("without an Accept field every media type is welcome") {
  CHECK(media_quality({}, kOffered) == 1000);
}

TEST_CASE("a media type is as welcome as the range that names it says") {
  CHECK(quality_of_plain("text/plain") == 1000);
  CHECK(quality_of_plain("TEXT/Plain;version=0.0.4") == 1000);
  CHECK(quality_of_plain("text/plain; version=0.0.4; q=0.5") == 500);
  CHECK(quality_of_plain("text/plain;version=\"0.0.4\";q=0.25") == 250);
  CHECK(quality_of_plain("text/*;q=0.3") == 300);
  CHECK(quality_of_plain("*/*;q=0.1") == 100);
  CHECK(quality_of_plain("text/plain;q=0") == 0);
}

TEST_CASE("a media type that no range names is not welcome") {
  CHECK(quality_of_plain("") == 0);
  CHECK(quality_of_plain("text/html") == 0);
  CHECK(quality_of_plain("application/*") == 0);
  CHECK(quality_of_plain("text/plain;version=1.0.0") == 0);
  CHECK(quality_of_plain("text/plainer, text, */plain, tex/*") == 0);
}

TEST_CASE("the most specific range counts, wherever it stands") {
  CHECK(quality_of_plain("*/*, text/*;q=0.4") == 400);
  CHECK(quality_of_plain("text/plain;q=0.2, text/*;q=0.4, */*") == 200);
  CHECK(quality_of_plain("text/plain;version=0.0.4;q=0.1, text/plain") == 100);
  CHECK(quality_of_plain("text/plain;version=1.0.0, */*;q=0.3") == 300);
  CHECK(quality_of_plain("text/plain;q=0.2, text/plain;q=0.6") == 600);
}

TEST_CASE("parameters other than the version change nothing") {
  CHECK(quality_of_plain("text/plain;version=0.0.4;escaping=allow-utf-8;q=0.5") == 500);
  CHECK(quality_of_plain("text/plain;charset=utf-8") == 1000);
}

TEST_CASE("a comma or semicolon in quotes does not end a range or a parameter") {
  CHECK(quality_of_plain("text/plain;a=\"x,y;q=0\";q=0.5, text/html") == 500);
  CHECK(quality_of_plain("text/html;a=\"\\\",text/plain\"") == 0);
  CHECK(quality_of_plain("text/html;a=\"\\") == 0);
}

TEST_CASE("several Accept lines are one list") {
  Fields fields;
  fields.add("Accept", "text/html");
  fields.add("accept", "text/plain;q=0.5");
  CHECK(media_quality(fields, kOffered) == 500);
}

#include "http/content_coding.h"

#include <doctest/doctest.h>

#include <string_view>

using namespace watchdog;

namespace {

int quality(std::string_view accept, std::string_view coding) {
  Fields fields;
  fields.add("Accept-Encoding", accept);
  return coding_quality(fields, coding);
}

}  // namespace

TEST_CASE("a coding that is named without a weight is most welcome") {
  CHECK(quality("gzip", "gzip") == 1000);
  CHECK(quality("br, GZIP", "gzip") == 1000);
  CHECK(quality("x-gzip", "gzip") == 1000);
}

TEST_CASE("a coding that is not named is not welcome, but identity is, a little") {
  CHECK(quality("gzip", "br") == 0);
  CHECK(quality("", "gzip") == 0);
  CHECK(quality("gzip", "identity") == 1);
  CHECK(coding_quality({}, "gzip") == 0);
  CHECK(coding_quality({}, "identity") == 1);
}

TEST_CASE("weights are read to the thousandth") {
  CHECK(quality("gzip;q=0.8", "gzip") == 800);
  CHECK(quality("gzip ; q=0.123", "gzip") == 123);
  CHECK(quality("gzip;Q=1.000", "gzip") == 1000);
  CHECK(quality("gzip;q=0", "gzip") == 0);
  CHECK(quality("gzip;q=0.000", "gzip") == 0);
  CHECK(quality("gzip;q=1.", "gzip") == 1000);
  CHECK(quality("identity;q=0.5, gzip;q=0.4", "identity") == 500);
}

TEST_CASE("a weight that is none forbids") {
  CHECK(quality("gzip;q=x", "gzip") == 0);
  CHECK(quality("gzip;q=", "gzip") == 0);
  CHECK(quality("gzip;q=-1", "gzip") == 0);
  CHECK(quality("gzip;q=0.5x", "gzip") == 0);
}

TEST_CASE("the star stands for what is not named") {
  CHECK(quality("*", "br") == 1000);
  CHECK(quality("*;q=0.1, gzip", "br") == 100);
  CHECK(quality("br, *;q=0", "gzip") == 0);
  CHECK(quality("*;q=0", "identity") == 0);
  CHECK(quality("gzip;q=0, *", "gzip") == 0);
}

TEST_CASE("several lines are one list") {
  Fields fields;
  fields.add("Accept-Encoding", "br");
  fields.add("accept-encoding", "gzip;q=0.5");
  CHECK(coding_quality(fields, "gzip") == 500);
  CHECK(coding_quality(fields, "br") == 1000);
}

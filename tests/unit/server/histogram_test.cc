#include "server/histogram.h"

#include <doctest/doctest.h>

using namespace watchdog;
using namespace std::chrono_literals;

TEST_CASE("a duration equal to a bound is in that bound's bucket") {
  for (const Histogram::Bounds* bounds :
       {&Histogram::kBounds, &Histogram::kSpawnBounds, &Histogram::kReadyBounds}) {
    for (size_t i = 0; i < bounds->size(); ++i) {
      const int64_t nanoseconds = (*bounds)[i].count();
      CAPTURE(nanoseconds);
      Histogram histogram(*bounds);
      CHECK(histogram.observe(Duration(nanoseconds)) == i);
      CHECK(histogram.observe(Duration(nanoseconds + 1)) == i + 1);
      CHECK(histogram.in_bucket(i) == 1);
      CHECK(histogram.in_bucket(i + 1) == 1);
      CHECK(histogram.count() == 2);
      CHECK(histogram.sum() == Duration(2 * nanoseconds + 1));
    }
  }
}

TEST_CASE("a negative duration counts as no time at all") {
  Histogram histogram;
  CHECK(histogram.observe(-5s) == 0);
  CHECK(histogram.in_bucket(0) == 1);
  CHECK(histogram.sum() == 0s);
}

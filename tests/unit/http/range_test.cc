#include "http/range.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace watchdog;
using Kind = RangeRequest::Kind;

namespace {

std::vector<ByteRange> ranges(std::string_view value, uint64_t length = 1000) {
  const RangeRequest request = resolve_range(value, length);
  CHECK(request.kind == Kind::kPartial);
  return request.ranges;
}

Kind kind(std::string_view value, uint64_t length = 1000) {
  return resolve_range(value, length).kind;
}

}  // namespace

TEST_CASE("one range is read in each of its forms") {
  CHECK(ranges("bytes=0-0") == std::vector{ByteRange{0, 1}});
  CHECK(ranges("bytes=0-499") == std::vector{ByteRange{0, 500}});
  CHECK(ranges("bytes=500-") == std::vector{ByteRange{500, 500}});
  CHECK(ranges("bytes=-1") == std::vector{ByteRange{999, 1}});
  CHECK(ranges("bytes= 1-2 ,, ") == std::vector{ByteRange{1, 2}});
  CHECK(ranges("BYTES=1-2") == std::vector{ByteRange{1, 2}});
}

TEST_CASE("a range that reaches beyond the end is cut there") {
  CHECK(ranges("bytes=990-1000000") == std::vector{ByteRange{990, 10}});
  CHECK(ranges("bytes=990-99999999999999999999999999") == std::vector{ByteRange{990, 10}});
  CHECK(ranges("bytes=-5000") == std::vector{ByteRange{0, 1000}});
}

TEST_CASE("several ranges stay in the order asked for") {
  CHECK(ranges("bytes=500-599, 0-99,-1") ==
        std::vector{ByteRange{500, 100}, ByteRange{0, 100}, ByteRange{999, 1}});
}

TEST_CASE("ranges that overlap are merged") {
  CHECK(ranges("bytes=50-149,0-99,300-309") == std::vector{ByteRange{0, 150}, ByteRange{300, 10}});
  CHECK(ranges("bytes=0-99,10-19") == std::vector{ByteRange{0, 100}});
  CHECK(ranges("bytes=0-9,0-9") == std::vector{ByteRange{0, 10}});
}

TEST_CASE("a range that cannot be had is left out, none that can is 416") {
  CHECK(ranges("bytes=2000-3000,0-9") == std::vector{ByteRange{0, 10}});
  CHECK(kind("bytes=1000-") == Kind::kUnsatisfiable);
  CHECK(kind("bytes=99999999999999999999999999-") == Kind::kUnsatisfiable);
  CHECK(kind("bytes=-0") == Kind::kUnsatisfiable);
  CHECK(kind("bytes=0-", 0) == Kind::kUnsatisfiable);
}

TEST_CASE("what is not well-formed counts for nothing") {
  for (const std::string_view value :
       {"", "bytes", "bytes=", "bytes=,", "bytes=-", "bytes=a-b", "bytes=5", "bytes=9-5",
        "bytes=--5", "bytes=0-9-", "bytes=0-9,x", "bytes=+1-2", "bytes=1 -2", "items=0-9",
        "bytes 0-9", "bytes=0x1-2"}) {
    CAPTURE(value);
    CHECK(kind(value) == Kind::kWhole);
  }
}

TEST_CASE("too many ranges, or more than the whole, are the whole") {
  std::string sixteen = "bytes=0-0";
  for (int i = 1; i < 16; ++i) sixteen += ",0-0";
  CHECK(kind(sixteen) == Kind::kPartial);
  CHECK(kind(sixteen + ",0-0") == Kind::kWhole);
  CHECK(kind("bytes=0-,0-") == Kind::kWhole);
  CHECK(kind("bytes=0-499,500-999") == Kind::kWhole);
}

#include "base/text.h"

#include <doctest/doctest.h>

#include <chrono>
#include <limits>
#include <string>
#include <vector>

namespace watchdog {

namespace {

using namespace std::chrono_literals;

}  // namespace

TEST_CASE("a duration is a Go duration") {
  struct Row {
    const char* text;
    Duration duration;
  };
  const Row rows[] = {
      {"0", 0s},
      {"0s", 0s},
      {"30s", 30s},
      {"1m30s", 90s},
      {"250ms", 250ms},
      {".5s", 500ms},
      {"1.s", 1s},
      {"1.5h", 90min},
      {"2h45m30s", 2h + 45min + 30s},
      {"1s500ms", 1500ms},
      {"10ns", 10ns},
      {"3us", 3us},
      {"3\u00b5s", 3us},
      {"3\u03bcs", 3us},
      {"0.000000001s", 1ns},
      {"0.0000000001s", 0ns},
      {"1.0000000009s", 1s},
      {"9223372036s", 9223372036s},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto parsed = parse_duration(row.text);
    REQUIRE(parsed.ok());
    CHECK(*parsed == row.duration);
  }
}

TEST_CASE("a bare integer is seconds") {
  CHECK(*parse_duration("5") == 5s);
  CHECK(*parse_duration("007") == 7s);
  CHECK(*parse_duration("3600") == 1h);
}

TEST_CASE("what is no duration is refused, and the message says what is accepted") {
  for (const char* text : {"",     "-1",    "-3s",        "soon", "s",   ".",     ".s",    "1.5",
                           "1m30", "1h-5m", "1 s",        " 1s",  "1s ", "1S",    "1x",    "1.5.2s",
                           "--",   "1e9s",  "10 parsecs", "0x10", "1s2", "\xc2s", "1\xb5s"}) {
    CAPTURE(text);
    const auto parsed = parse_duration(text);
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().find("it accepts a duration such as 30s") != std::string::npos);
  }
}

TEST_CASE("a duration that would overflow is refused") {
  for (const char* text : {"9223372037s", "9223372037", "9999999999999h", "2562048h",
                           "99999999999999999999999999", "2562047h48m", "9223372036s999999999us"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text).ok());
  }
}

TEST_CASE("a duration prints as Go prints it") {
  struct Row {
    Duration duration;
    const char* text;
  };
  const Row rows[] = {
      {0s, "0s"},
      {1ns, "1ns"},
      {1500ns, "1.5us"},
      {250ms, "250ms"},
      {1250us, "1.25ms"},
      {1s, "1s"},
      {1500ms, "1.5s"},
      {90s, "1m30s"},
      {120s, "2m0s"},
      {1h, "1h0m0s"},
      {90min, "1h30m0s"},
      {61500ms, "1m1.5s"},
      {1s + 1ns, "1.000000001s"},
      {999999999ns, "999.999999ms"},
      {100h, "100h0m0s"},
  };
  for (const Row& row : rows) CHECK(format_duration(row.duration) == row.text);
}

TEST_CASE("a duration that was printed parses to itself") {
  for (const Duration duration : {Duration(0), Duration(1), Duration(1234), Duration(1234567),
                                  Duration(61500000001), Duration(5400000000000)}) {
    CHECK(*parse_duration(format_duration(duration)) == duration);
  }
}

TEST_CASE("a size is bytes, or a power of 1024 of them") {
  struct Row {
    const char* text;
    uint64_t bytes;
  };
  const Row rows[] = {
      {"0", 0},
      {"2048", 2048},
      {"512k", 512 << 10},
      {"3kb", 3 << 10},
      {"3Ki", 3 << 10},
      {"3KiB", 3 << 10},
      {"10m", 10 << 20},
      {"10MiB", 10 << 20},
      {"10mi", 10 << 20},
      {"1MB", 1 << 20},
      {"1g", 1 << 30},
      {"1GiB", 1 << 30},
      {"1gi", 1 << 30},
      {"1GB", 1 << 30},
      {"18446744073709551615", std::numeric_limits<uint64_t>::max()},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto parsed = parse_size(row.text);
    REQUIRE(parsed.ok());
    CHECK(*parsed == row.bytes);
  }
}

TEST_CASE("what is no size, or does not fit, is refused") {
  for (const char* text : {"", "-1", "k", "1.5g", "10XiB", "big", "1t", "10 k", " 1", "1 ", "0x10",
                           "18446744073709551616", "17179869184g", "1kk"}) {
    CAPTURE(text);
    const auto parsed = parse_size(text);
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().find("it accepts bytes") != std::string::npos);
  }
}

TEST_CASE("a boolean has eight spellings, in any case") {
  for (const char* text : {"1", "true", "yes", "on", "TRUE", "Yes", "oN"}) {
    CHECK(*parse_bool(text));
  }
  for (const char* text : {"0", "false", "no", "off", "FALSE", "No", "oFF"}) {
    CHECK_FALSE(*parse_bool(text));
  }
  for (const char* text : {"", "2", "tru", "maybe", "y", "t", " true", "truee"}) {
    CHECK_FALSE(parse_bool(text).ok());
  }
}

TEST_CASE("a size is printed so that it can be read again") {
  CHECK(format_size(0) == "0");
  CHECK(format_size(1000) == "1000");
  CHECK(format_size(64 * 1024 * 1024) == "64MiB");
  for (const uint64_t size : {1ULL, 1023ULL, 1024ULL, 1025ULL, 3ULL << 30, 5ULL << 40}) {
    CHECK(*parse_size(format_size(size)) == size);
  }
}

TEST_CASE("an integer is whole, alone, and within its bounds") {
  CHECK(*parse_integer("0", 0, 10) == 0);
  CHECK(*parse_integer("10", 0, 10) == 10);
  CHECK(*parse_integer("-5", -5, 10) == -5);
  CHECK(*parse_integer("-0", -5, 10) == 0);
  for (const char* text :
       {"", "11", "-1", "-0", "1.5", "1 ", " 1", "1a", "a1", "+1", "0x1", "99999999999999999999"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_integer(text, 0, 10).ok());
  }
  CHECK(parse_integer("x", 0, 10).error().find("from 0 to 10") != std::string::npos);
  CHECK(parse_integer("x", 0, std::numeric_limits<int64_t>::max()).error().find("from 0 up") !=
        std::string::npos);
}

TEST_CASE("percent-decoding decodes escapes and leaves plus alone") {
  CHECK(*percent_decode("") == "");
  CHECK(*percent_decode("/a+b") == "/a+b");
  CHECK(*percent_decode("/%41%62%2f%2F") == "/Ab//");
  CHECK(*percent_decode("%25%32%35") == "%25");
  CHECK(*percent_decode("%ff%0a") == "\xff\n");
}

TEST_CASE("a malformed escape and an escaped NUL are refused") {
  for (const char* text : {"%", "%4", "a%", "a%4", "%zz", "%4g", "%g4", "%%41", "%00", "a%00b"}) {
    CAPTURE(text);
    CHECK_FALSE(percent_decode(text).ok());
  }
}

TEST_CASE("base64 is RFC 4648's, padded") {
  const char* rows[][2] = {{"", ""},
                           {"f", "Zg=="},
                           {"fo", "Zm8="},
                           {"foo", "Zm9v"},
                           {"foob", "Zm9vYg=="},
                           {"fooba", "Zm9vYmE="},
                           {"foobar", "Zm9vYmFy"}};
  for (const auto& row : rows) CHECK(base64(row[0]) == row[1]);
  CHECK(base64(std::string_view("\0\xff\xfe\xfb", 4)) == "AP/++w==");
}

TEST_CASE("equality may ignore ASCII case") {
  CHECK(equals_ignoring_case("Content-Type", "cONTENT-tYPE"));
  CHECK(equals_ignoring_case("", ""));
  CHECK_FALSE(equals_ignoring_case("a", "ab"));
  CHECK_FALSE(equals_ignoring_case("[", "{"));
  CHECK_FALSE(equals_ignoring_case("\xc3\x84", "\xc3\xa4"));
}

TEST_CASE("equality ignores the case of letters alone, wherever in a text they stand") {
  const auto lower = [](int c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; };
  for (const size_t size : {1, 7, 8, 9, 16, 17}) {
    for (size_t place = 0; place < size; ++place) {
      for (int one = 0; one < 256; ++one) {
        for (const int other : {one, one ^ 0x20, one ^ 0x80, one ^ 0xa0, one ^ 1}) {
          std::string a(size, 'x');
          std::string b(size, 'X');
          a[place] = static_cast<char>(one);
          b[place] = static_cast<char>(other);
          CHECK(equals_ignoring_case(a, b) == (lower(one) == lower(other)));
        }
      }
    }
  }
}

TEST_CASE("trimming takes spaces and tabs off both ends") {
  CHECK(trim(" \t a b\t ") == "a b");
  CHECK(trim(" \t ").empty());
  CHECK(trim("").empty());
  CHECK(trim("\na\n") == "\na\n");
}

TEST_CASE("exact seconds have the decimals they need, to the nanosecond") {
  struct Row {
    Duration duration;
    const char* text;
  };
  const Row rows[] = {
      {0s, "0"},      {10s, "10"},          {2500ms, "2.5"},
      {5ms, "0.005"}, {1ns, "0.000000001"}, {1'795'808'229'123'456'789ns, "1795808229.123456789"}};
  for (const Row& row : rows) {
    std::string text = "le=0";
    append_exact_seconds(text, row.duration);
    CHECK(text == std::string("le=0") + row.text);
  }
}

TEST_CASE("a size for people has a decimal unit and four significant digits") {
  struct Row {
    uint64_t bytes;
    const char* text;
  };
  const Row rows[] = {{0, "0B"},
                      {39, "39B"},
                      {999, "999B"},
                      {1000, "1kB"},
                      {1024, "1.024kB"},
                      {1500, "1.5kB"},
                      {1005, "1.005kB"},
                      {10'000, "10kB"},
                      {100'000, "100kB"},
                      {123'456, "123.5kB"},
                      {999'940, "999.9kB"},
                      {999'950, "1000kB"},
                      {2'000'000, "2MB"},
                      {1'073'741'824, "1.074GB"},
                      {5'000'000'000'000, "5TB"},
                      {7'000'000'000'000'000, "7PB"},
                      {std::numeric_limits<uint64_t>::max(), "18.45EB"}};
  for (const Row& row : rows) CHECK(human_size(row.bytes) == row.text);
}

TEST_CASE("seconds have the decimals that are asked for, rounded") {
  struct Row {
    std::chrono::nanoseconds duration;
    int decimals;
    const char* text;
  };
  const Row rows[] = {{0ns, 4, "0.0000"},         {1ns, 6, "0.000000"},   {500ns, 6, "0.000001"},
                      {1234567us, 6, "1.234567"}, {99999us, 4, "0.1000"}, {60s, 4, "60.0000"},
                      {49999ns, 4, "0.0000"},     {50us, 4, "0.0001"},    {-1s, 4, "0.0000"}};
  for (const Row& row : rows) {
    std::string text = "took ";
    append_seconds(text, row.duration, row.decimals);
    CHECK(text == std::string("took ") + row.text);
  }
}

}  // namespace watchdog

TEST_CASE("names of variables are those of a shell") {
  for (const char* name : {"a", "_", "A_1", "SECRET_"}) CHECK(is_variable_name(name));
  for (const char* name : {"", "1a", "a-b", "a b", "a=b", "\xc3\xa4"})
    CHECK_FALSE(is_variable_name(name));
}

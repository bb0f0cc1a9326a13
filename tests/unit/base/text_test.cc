#include "base/text.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace watchdog;
using namespace std::chrono_literals;

TEST_CASE("durations are Go's, and a bare number is seconds") {
  const std::vector<std::pair<std::string, Duration>> durations = {
      {"0", 0s},       {"0s", 0s},       {"30", 30s},     {"30s", 30s},
      {"1m30s", 90s},  {"250ms", 250ms}, {".5s", 500ms},  {"1.5h", 90min},
      {"1h2m3s", 1h + 2min + 3s},        {"100us", 100us}, {"100\u00b5s", 100us},
      {"7ns", 7ns},    {"1.5s", 1500ms}, {"2.s", 2s},     {"1.0000000009s", 1s}};
  for (const auto& [text, expected] : durations) {
    CAPTURE(text);
    const auto parsed = parse_duration(text);
    REQUIRE(parsed);
    CHECK(*parsed == expected);
  }
}

TEST_CASE("what is no duration is refused, and the refusal says what is accepted") {
  for (const std::string text : {"", "abc", "s", "1x", "-3s", "1.2.3s", "1 s", "1.5", "1m30", ".s",
                                 "9999999999h", "99999999999999999999s", "5seconds", "0x10"}) {
    CAPTURE(text);
    const auto parsed = parse_duration(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().find("30s") != std::string::npos);
  }
}

TEST_CASE("durations print as Go prints them") {
  CHECK(format_duration(0s) == "0s");
  CHECK(format_duration(30s) == "30s");
  CHECK(format_duration(90s) == "1m30s");
  CHECK(format_duration(2min) == "2m0s");
  CHECK(format_duration(90min) == "1h30m0s");
  CHECK(format_duration(250ms) == "250ms");
  CHECK(format_duration(1500ms) == "1.5s");
  CHECK(format_duration(100us) == "100us");
}

TEST_CASE("sizes are bytes, or powers of 1024 by any usual name") {
  const std::vector<std::pair<std::string, uint64_t>> sizes = {
      {"0", 0},       {"1048576", 1048576}, {"1k", 1024},         {"1KB", 1024},
      {"1KiB", 1024}, {"10MiB", 10u << 20}, {"1g", 1ull << 30},   {"2Gi", 2ull << 30},
      {"12b", 12}};
  for (const auto& [text, expected] : sizes) {
    CAPTURE(text);
    const auto parsed = parse_size(text);
    REQUIRE(parsed);
    CHECK(*parsed == expected);
  }
  for (const std::string text : {"", "k", "-1", "1.5m", "10 MiB", "1t", "99999999999999999999",
                                 "9999999999999g"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_size(text));
  }
}

TEST_CASE("booleans come in four spellings of each") {
  for (const std::string text : {"1", "true", "TRUE", "yes", "on"}) CHECK(*parse_bool(text));
  for (const std::string text : {"0", "false", "False", "no", "off"}) CHECK_FALSE(*parse_bool(text));
  for (const std::string text : {"", "2", "ja", "truee"}) CHECK_FALSE(parse_bool(text).ok());
}

TEST_CASE("whole numbers must be in range, with nothing around them") {
  CHECK(*parse_integer("0", 0, 10) == 0);
  CHECK(*parse_integer("10", 0, 10) == 10);
  for (const std::string text : {"", "11", "-1", "1x", " 1", "80a80"}) {
    CHECK_FALSE(parse_integer(text, 0, 10));
  }
}

TEST_CASE("a command splits as a shell splits it") {
  using Words = std::vector<std::string>;
  const std::vector<std::pair<std::string, Words>> commands = {
      {"php index.php", {"php", "index.php"}},
      {"  a \t b\n", {"a", "b"}},
      {"sh -c \"echo $Http_Method  two  spaces\"", {"sh", "-c", "echo $Http_Method  two  spaces"}},
      {"sh -c 'a \"b\" \\c'", {"sh", "-c", "a \"b\" \\c"}},
      {"a\\ b c", {"a b", "c"}},
      {"\"a\\\"b\\\\c\\d\"", {"a\"b\\c\\d"}},
      {"a'b'\"c\"d", {"abcd"}},
      {"a '' \"\"", {"a", "", ""}},
      {"[\"a\", \"b c\", \"\"]", {"a", "b c", ""}},
  };
  for (const auto& [text, expected] : commands) {
    CAPTURE(text);
    const auto words = split_command(text);
    REQUIRE(words);
    CHECK(*words == expected);
  }
}

TEST_CASE("a command that cannot be split is refused") {
  for (const std::string text :
       {"", "   ", "echo \"unclosed", "echo 'unclosed", "echo \\", "''", "[]", "[1]", "[\"a\"",
        "[\"\"]", "[\"a\", null]", "[\"a\\u0000b\"]"}) {
    CAPTURE(text);
    CHECK_FALSE(split_command(text));
  }
}

TEST_CASE("percent-decoding takes two hex digits and leaves + alone") {
  CHECK(*percent_decode("/a%20b+c%2F%c3%A4") == "/a b+c/\xc3\xa4");
  for (const std::string text : {"%", "%2", "%zz", "a%0", "%00"}) CHECK_FALSE(percent_decode(text));
}

TEST_CASE("base64 is padded") {
  CHECK(base64("") == "");
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foo") == "Zm9v");
  CHECK(base64("foobar") == "Zm9vYmFy");
  CHECK(base64(std::string("\0\xff\x10", 3)) == "AP8Q");
}

TEST_CASE("sizes for people have decimal units and four digits") {
  CHECK(human_size(0) == "0B");
  CHECK(human_size(39) == "39B");
  CHECK(human_size(1024) == "1.024kB");
  CHECK(human_size(1'000'000) == "1MB");
  CHECK(human_size(12'345'678) == "12.35MB");
}

#include "auth/json_object.h"

#include <doctest/doctest.h>

namespace watchdog {

namespace {

// `times` times `text`.
std::string repeated(size_t times, std::string_view text) {
  std::string all;
  for (size_t i = 0; i < times; ++i) all += text;
  return all;
}

// An object of so many members.
std::string object_of(size_t members) {
  std::string text = "{";
  for (size_t i = 0; i < members; ++i) {
    if (i > 0) text += ',';
    text += '"' + std::to_string(i) + "\":0";
  }
  return text + "}";
}

}  // namespace

TEST_CASE("a JSON object is parsed with all kinds of values") {
  const auto parsed = parse_json_object(
      R"( {"a":"x","b":-1,"c":1.5,"d":[1,{"e":null}],"f":{"g":true},"h":18446744073709551615} )");
  REQUIRE(parsed);
  CHECK(*string_member(*parsed, "a") == "x");
  CHECK(member(*parsed, "b")->get<int>() == -1);
  CHECK(member(*parsed, "c")->get<double>() == 1.5);
  CHECK(member((*member(*parsed, "d"))[1], "e")->is_null());
  CHECK(member(*member(*parsed, "f"), "g")->get<bool>());
  CHECK(member(*parsed, "h")->get<uint64_t>() == 18446744073709551615U);
  CHECK(parsed->size() == 6);
}

TEST_CASE("a member is found in an object only, and a string only where there is one") {
  const auto parsed = parse_json_object(R"({"text":"x","number":1,"list":["text"]})");
  REQUIRE(parsed);
  CHECK(member(*parsed, "tex") == nullptr);
  CHECK(member(*member(*parsed, "list"), "text") == nullptr);
  CHECK(string_member(*parsed, "number") == nullptr);
  CHECK(string_member(*parsed, "none") == nullptr);
}

TEST_CASE("a name that stands twice in an object is refused at every depth") {
  for (const char* text : {R"({"a":1,"a":1})", R"({"a":1,"b":2,"a":3})", R"({"x":{"a":1,"a":2}})",
                           R"({"x":[[{"a":1,"a":2}]]})", R"({"a":1,"\u0061":2})", R"({"":1,"":2})",
                           R"({"a":{},"a":{}})", R"({"x":1,"y":{"z":[]},"x":null})"}) {
    CAPTURE(text);
    CHECK(parse_json_object(text).error() == "has a member twice");
  }
}

TEST_CASE("the same name may stand in two objects, and names differ by case") {
  CHECK(parse_json_object(R"({"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}],"A":1})"));
}

TEST_CASE("what is not JSON, or no object, is refused") {
  for (const char* text : {"",
                           " ",
                           "{",
                           "}",
                           "{\"a\":1",
                           "{\"a\"}",
                           "{a:1}",
                           "{'a':1}",
                           "{\"a\":1,}",
                           "{\"a\":01}",
                           "{\"a\":+1}",
                           "{\"a\":.5}",
                           "{\"a\":NaN}",
                           "{\"a\":Infinity}",
                           "{\"a\":1e999}",
                           "{\"a\":\"\n\"}",
                           "{\"a\":1}x",
                           "{\"a\":1}{}",
                           "{}//",
                           "/**/{}",
                           "{\"a\":[1,]}",
                           "{\"a\":\"\\x\"}",
                           "{\"a\":\"\\ud800\"}",
                           "{\"a\":\"\\udc00\\ud800\"}",
                           "[{\"a\":1]}"}) {
    CAPTURE(text);
    CHECK(parse_json_object(text).error() == "is not JSON");
  }
  for (const char* text : {"[]", "1", "\"a\"", "null", "[{\"a\":1}]"}) {
    CAPTURE(text);
    CHECK(parse_json_object(text).error() == "is not a JSON object");
  }
}

TEST_CASE("text that is not UTF-8 is refused, a byte order mark and NUL bytes as well") {
  for (const char* text : {"{\"a\":\"\xff\"}", "{\"a\":\"\xc0\xaf\"}", "{\"a\":\"\xed\xa0\x80\"}",
                           "{\"a\":\"\xf4\x90\x80\x80\"}", "{\"\xe2\x82\":1}", "\xef\xbb\xbf{}",
                           "\xef\xbb\xbf{\"a\":1}"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_json_object(text));
  }
  CHECK(parse_json_object("{\"a\":\"\xc3\xa9\xf0\x9f\x98\x80\"}"));
  using namespace std::string_view_literals;
  CHECK_FALSE(parse_json_object("{}\0"sv));
  CHECK_FALSE(parse_json_object("{\"a\":1}\0{\"a\":2}"sv));
  CHECK_FALSE(parse_json_object("{\"a\":\"\0\"}"sv));
}

TEST_CASE("an escaped NUL is a character like others") {
  const auto parsed = parse_json_object(R"({"a":"x\u0000y"})");
  REQUIRE(parsed);
  CHECK(*string_member(*parsed, "a") == std::string_view("x\0y", 3));
}

TEST_CASE("depth is bounded") {
  const auto nested = [](size_t depth) {
    return "{\"a\":" + repeated(depth - 1, "[") + repeated(depth - 1, "]") + "}";
  };
  CHECK(parse_json_object(nested(kMostJsonDepth)));
  CHECK(parse_json_object(nested(kMostJsonDepth + 1)).error() == "is nested too deeply");
  CHECK_FALSE(parse_json_object(repeated(500'000, "{\"a\":")));
  CHECK_FALSE(parse_json_object("{\"a\":" + repeated(900'000, "[")));
}

TEST_CASE("the members of an object are bounded") {
  CHECK(parse_json_object(object_of(kMostJsonMembers)));
  CHECK(parse_json_object(object_of(kMostJsonMembers + 1)).error() ==
        "has too many members in an object");
}

TEST_CASE("values are bounded") {
  // The object and the list are two of them.
  const auto list = [](size_t values) { return "{\"a\":[" + repeated(values - 3, "0,") + "0]}"; };
  CHECK(parse_json_object(list(kMostJsonValues)));
  CHECK(parse_json_object(list(kMostJsonValues + 1)).error() == "has too many values");
  CHECK_FALSE(parse_json_object("{\"a\":[" + repeated(300'000, "{},") + "0]}"));
}

}  // namespace watchdog

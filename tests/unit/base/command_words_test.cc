#include "base/command_words.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace watchdog;

namespace {

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("a command splits into words as a POSIX shell splits it") {
  struct Row {
    const char* text;
    Words words;
  };
  const Row rows[] = {
      {"cat", {"cat"}},
      {"  php \t index.php\n", {"php", "index.php"}},
      {"sh -c 'a b'", {"sh", "-c", "a b"}},
      {R"(sh -c "echo $Http_Method  two  spaces")", {"sh", "-c", "echo $Http_Method  two  spaces"}},
      {R"(a'b'"c"d)", {"abcd"}},
      {R"(a '' "" b)", {"a", "", "", "b"}},
      {R"(a\ b c)", {"a b", "c"}},
      {R"(echo \' \")", {"echo", "'", "\""}},
      {R"('a\b')", {"a\\b"}},
      {R"(x "a\"b" "c\\d" "e\$f" "g\`h")", {"x", "a\"b", "c\\d", "e$f", "g`h"}},
      {R"("a\nb")", {"a\\nb"}},
      {R"('it'"'"'s')", {"it's"}},
      {"echo *.txt ~ $HOME `date` a|b #c", {"echo", "*.txt", "~", "$HOME", "`date`", "a|b", "#c"}},
      {"cat \\\n file", {"cat", "file"}},
      {"ca\\\nt", {"cat"}},
      {"sh -c \"a\\\nb\"", {"sh", "-c", "ab"}},
      {"sh -c 'a\nb'", {"sh", "-c", "a\nb"}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto words = split_command(row.text);
    REQUIRE(words.ok());
    CHECK(*words == row.words);
  }
}

TEST_CASE("a command that starts with a bracket is a JSON array of words, taken as they stand") {
  CHECK(*split_command(R"(["sh", "-c", "echo  'a'"])") == Words{"sh", "-c", "echo  'a'"});
  CHECK(*split_command(R"(  ["a", "", "\u00e9 \"q\""] )") == Words{"a", "", "\u00e9 \"q\""});
}

TEST_CASE("a command without its end, or without words, is refused") {
  for (const char* text :
       {"", "   ", "''", "\"\" a", "echo \"unclosed", "echo 'unclosed", "echo \\", "\\\n", "[]",
        "[", "[1, 2]", R"(["unclosed")", R"(["a", null])", R"(["a", ["b"]])", R"(["a"] b)",
        R"([""])", R"(["a\u0000b"])", "[\"\xff\"]", "[\"a\",]"}) {
    CAPTURE(text);
    const auto words = split_command(text);
    REQUIRE_FALSE(words.ok());
    CHECK_FALSE(words.error().empty());
    CHECK(words.error().find('\n') == std::string::npos);
  }
}

TEST_CASE("deeply nested JSON is refused, not followed") {
  CHECK_FALSE(split_command(std::string(200'000, '[')).ok());
  CHECK_FALSE(split_command(std::string(50'000, '[') + std::string(50'000, ']')).ok());
}

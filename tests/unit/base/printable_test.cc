#include "base/printable.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "base/utf8.h"

using namespace watchdog;

namespace {

std::string printable(std::string_view text) {
  std::string out;
  append_printable(out, text);
  return out;
}

std::string line(std::string_view text) {
  std::string out;
  append_printable_line(out, text);
  return out;
}

}  // namespace

TEST_CASE("text stays as it is, in whatever language") {
  for (const std::string_view text :
       {"", "GET /a?b=c \"x\" \\n ~", "\xc2\xa0", "f\xc3\xbcr", "\xe2\x82\xac", "\xed\x9f\xbf",
        "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"}) {
    CHECK(printable(text) == text);
    CHECK(line(text) == text);
  }
}

TEST_CASE("control characters are written as \\xNN, those of 8 bits too") {
  CHECK(printable(std::string_view("a\nb\0c\x1b[2J\x7f", 10)) == "a\\x0ab\\x00c\\x1b[2J\\x7f");
  CHECK(printable("\xc2\x9b"
                  "2J") == "\\xc2\\x9b2J");  // U+009B, CSI
  CHECK(printable("\xc2\x80\xc2\x9f") == "\\xc2\\x80\\xc2\\x9f");
  CHECK(printable("\x9b"
                  "2J") == "\\x9b2J");  // the same in Latin-1
}

TEST_CASE("what is no UTF-8 is written as \\xNN") {
  CHECK(printable("\xff\xfe") == "\\xff\\xfe");
  CHECK(printable("\xc0\xaf") == "\\xc0\\xaf");                    // overlong
  CHECK(printable("\xe0\x9f\xbf") == "\\xe0\\x9f\\xbf");           // overlong
  CHECK(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");           // a surrogate
  CHECK(printable("\xf0\x8f\xbf\xbf") == "\\xf0\\x8f\\xbf\\xbf");  // overlong
  CHECK(printable("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");  // beyond U+10FFFF
  CHECK(printable("\xe2\x82") == "\\xe2\\x82");                    // cut off
  CHECK(printable("\xe2"
                  "ab") ==
        "\\xe2"
        "ab");
}

TEST_CASE("what nobody sees and what turns the direction of a line is written as \\xNN") {
  CHECK(printable("/a\u202egpj.exe") == "/a\\xe2\\x80\\xaegpj.exe");
  CHECK(line("a\u2066b\u2069") == "a\\xe2\\x81\\xa6b\\xe2\\x81\\xa9");
  for (const std::string_view unseen :
       {"\u00ad", "\u061c", "\u180e", "\u200b", "\u200e", "\u200f", "\u2028", "\u2029", "\u202a",
        "\u202d", "\u2060", "\u2064", "\u2067", "\ufeff", "\ufff9", "\U000e0041"}) {
    CHECK(printable(unseen).starts_with("\\x"));
    CHECK(line(std::string("\u05d0").append(unseen)).starts_with("\u05d0\\x"));
    CHECK(is_unseen(utf8_character(unseen)));
  }
}

TEST_CASE("joiners stay where they join, and are written as \\xNN beside ASCII") {
  for (const std::string_view text :
       {"\u0645\u06cc\u200c\u062e", "\U0001f469\u200d\U0001f4bb", "\u2764\ufe0f"}) {
    CHECK(printable(text) == text);
    CHECK(line(text) == text);
  }
  CHECK(printable("ad\u200dmin") == "ad\\xe2\\x80\\x8dmin");
  CHECK(printable("\u200cadmin") == "\\xe2\\x80\\x8cadmin");
  CHECK(printable("admin\ufe0f") == "admin\\xef\\xb8\\x8f");
}

TEST_CASE("what is escaped once more keeps what nobody sees") {
  std::string out;
  append_without_controls(out, "a\x1b\u202e\u200db\xff");
  CHECK(out == "a\\x1b\u202e\u200db\\xff");
}

TEST_CASE(
    "on a terminal a line keeps its tabs and colours, and nothing else that a terminal obeys") {
  CHECK(line("a\tb \x1b[1;31mred\x1b[0m \x1b[38:2::1:2:3mx\x1b[m") ==
        "a\tb \x1b[1;31mred\x1b[0m \x1b[38:2::1:2:3mx\x1b[m");
  CHECK(line("\x1b]0;title\x07") == "\\x1b]0;title\\x07");
  CHECK(line("\x1b[2J\x1b[31") == "\\x1b[2J\\x1b[31");
  CHECK(line("\x1b\x1b[0m") == "\\x1b\x1b[0m");
  CHECK(line("\x9b"
             "0m\r") == "\\x9b0m\\x0d");
}

#include "base/printable.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

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

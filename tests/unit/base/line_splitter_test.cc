#include "base/line_splitter.h"

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"

namespace watchdog {

namespace {

constexpr log::Settings kPlain{.prefix_function_lines = false};
constexpr size_t kLongest = 256;
constexpr std::string_view kContinues = " [line continues]";

// Has the log write the function's lines into memory while it lives.
class Captured {
 public:
  explicit Captured(const log::Settings& settings = kPlain)
      : file_(memfd_create("lines", MFD_CLOEXEC)) {
    log::flush_all(std::chrono::seconds(1));
    log::configure(settings);
    log::open(file_.get(), file_.get());
  }
  ~Captured() {
    log::flush();
    log::configure({});
    log::open(STDOUT_FILENO, STDERR_FILENO);
  }
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;

  // What was logged since it was last asked for.
  std::string text() {
    log::flush();
    std::string text;
    char piece[4096];
    ssize_t size = 0;
    while ((size = pread(file_.get(), piece, sizeof piece, read_)) > 0) {
      text.append(piece, static_cast<size_t>(size));
      read_ += size;
    }
    return text;
  }

 private:
  Fd file_;
  off_t read_ = 0;
};

// What is logged for `pieces` fed one after another, and the end.
std::string logged(std::initializer_list<std::string_view> pieces,
                   const log::Settings& settings = kPlain) {
  Captured captured(settings);
  LineSplitter lines(log::Source::kErr, kLongest);
  for (const std::string_view piece : pieces) lines.add(piece);
  lines.finish();
  return captured.text();
}

}  // namespace

TEST_CASE(
    "a line is logged whole though the log's own part of it is longer than the longest line") {
  Captured captured({.prefix_function_lines = true});
  for (const size_t longest : {size_t{1}, size_t{10}, size_t{32}}) {
    LineSplitter lines(log::Source::kErr, longest);
    lines.add("abc\nlast");
    lines.finish();
    std::string bytes;
    const std::string text = captured.text();
    for (size_t at = 0; at < text.size();) {
      const size_t end = text.find('\n', at);
      std::string_view line(text.data() + at, end - at);
      line.remove_prefix(line.find("stderr: ") + 8);
      if (line.ends_with(kContinues)) line.remove_suffix(kContinues.size());
      bytes += line;
      at = end + 1;
    }
    CHECK(bytes == "abclast");
  }
}

TEST_CASE("each line is logged once it is complete") {
  Captured captured;
  LineSplitter lines(log::Source::kErr, kLongest);
  lines.add("one\ntw");
  CHECK(captured.text() == "one\n");
  lines.add("o\n");
  CHECK(captured.text() == "two\n");
}

TEST_CASE("lines come out alike however the bytes are cut") {
  const std::string text = "first\n\nsecond line\r\nthird\n";
  const std::string expected = "first\n\nsecond line\nthird\n";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    CAPTURE(cut);
    CHECK(logged({text.substr(0, cut), text.substr(cut)}) == expected);
  }
}

TEST_CASE("lines come out alike byte by byte") {
  const std::string text = "ab\nabcd\r\n" + std::string(1000, 'x') + "\r\n" + std::string(255, 'y');
  Captured captured;
  LineSplitter lines(log::Source::kErr, kLongest);
  for (const char& c : text) lines.add({&c, 1});
  lines.finish();
  const std::string bytewise = captured.text();
  CHECK(bytewise == logged({text}));
}

TEST_CASE("the last line needs no newline") {
  CHECK(logged({"one\ntwo"}) == "one\ntwo\n");
  CHECK(logged({"one\n"}) == "one\n");
  CHECK(logged({""}) == "");
}

TEST_CASE("the CR of a CRLF is cut off, every other CR stays") {
  CHECK(logged({"a\r\n"}) == "a\n");
  CHECK(logged({"a\r", "\n"}) == "a\n");
  CHECK(logged({"a\rb\n"}) == "a\rb\n");
  CHECK(logged({"a\r\r\n"}) == "a\r\n");
  CHECK(logged({"a\r"}) == "a\r\n");
}

TEST_CASE("a line that is shorter than allowed, its newline included, stays whole") {
  const std::string longest(kLongest - 2, 'x');
  CHECK(logged({longest, "\n"}) == longest + "\n");
  CHECK(logged({longest}) == longest + "\n");
  CHECK(logged({longest, "\r\n"}) == longest + "\n");
  CHECK(logged({longest.substr(0, 7), longest.substr(7), "\n"}) == longest + "\n");
}

TEST_CASE("a longer line is logged in pieces that say so, and nothing is lost") {
  const std::string text = std::string(kLongest - 1, 'x');
  const std::string piece = std::string(kLongest - 2 - kContinues.size(), 'x');
  const std::string expected =
      piece + std::string(kContinues) + "\n" + text.substr(piece.size()) + "\n";
  CHECK(logged({text, "\n"}) == expected);
  CHECK(logged({text}) == expected);
  CHECK(logged({text, "\r\n"}) == expected);
}

// Every line of `logged` is shorter than allowed, and all but the last of each group continue.
void check_lengths(std::string_view logged) {
  size_t lines = 0;
  while (!logged.empty()) {
    const size_t end = logged.find('\n');
    REQUIRE(end != std::string_view::npos);
    CHECK(end + 1 < kLongest);
    logged.remove_prefix(end + 1);
    ++lines;
  }
  CHECK(lines > 1);
}

TEST_CASE("prefix, escapes and newline count, in every format and for all bytes") {
  std::string all;
  for (int i = 0; i < 2000; ++i) {
    if (i % 256 != '\n') all += static_cast<char>(i % 256);
  }
  for (const std::string& text : {std::string(2000, 'x'), std::string(2000, '"'),
                                  std::string(2000, '\x01'), std::string(2000, '\xff'), all}) {
    check_lengths(logged({text}));
    check_lengths(logged({text}, {}));
    check_lengths(logged({text}, {.format = log::Format::kJson}));
  }
}

TEST_CASE("in JSON as much is kept in one line as there is room for") {
  const std::string text = logged({std::string(2000, '\x01')}, {.format = log::Format::kJson});
  CHECK(text.find('\n') > kLongest - 8);
}

TEST_CASE("a line is not cut within a character") {
  for (const std::string character : {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"}) {
    for (size_t before = 0; before < 4; ++before) {
      std::string text(before, 'x');
      for (int i = 0; i < 300; ++i) text += character;
      for (const log::Format format : {log::Format::kText, log::Format::kJson}) {
        std::string out = logged({text}, {.format = format, .prefix_function_lines = false});
        size_t characters = 0;
        for (size_t at = 0; (at = out.find(character, at)) != std::string::npos; ++characters) {
          at += character.size();
        }
        CHECK(characters == 300);
      }
    }
  }
}

TEST_CASE("after the end it starts afresh") {
  Captured captured;
  LineSplitter lines(log::Source::kOut, kLongest);
  lines.add("one");
  lines.finish();
  lines.finish();
  lines.add("two\n");
  CHECK(captured.text() == "one\ntwo\n");
}

TEST_CASE("of a line in pieces only the first is copied, as the others may begin within a secret") {
  const Captured captured;
  std::vector<std::string> copies;
  LineSplitter lines(log::Source::kErr, kLongest, nullptr,
                     [&copies](std::string_view line) { copies.emplace_back(line); });
  const std::string text(600, 'x');
  lines.add(text + "\nnext\n" + text.substr(0, 300));
  lines.add(text);
  lines.finish();
  lines.add("after\n");
  REQUIRE(copies.size() == 4);
  CHECK(copies[0].ends_with(kContinues));
  CHECK(copies[1] == "next");
  CHECK(copies[2] == copies[0]);
  CHECK(copies[3] == "after");
}

TEST_CASE("bytes that are no text pass") {
  const std::string bytes("a\0\xff\x01z", 5);
  CHECK(logged({bytes, "\n"}) == bytes + "\n");
}

TEST_CASE("a line with the ids of its trace is shorter than the limit, too, and loses nothing") {
  for (const log::Format format : {log::Format::kText, log::Format::kJson}) {
    Captured captured({.format = format, .trace_ids_in_text = true});
    TraceIds ids;
    ids.trace.fill('a');
    ids.span.fill('b');
    LineSplitter lines(log::Source::kErr, kLongest, &ids);
    lines.add(std::string(40, '"') + std::string(400, 'x') + "\n");
    const std::string text = captured.text();
    size_t from = 0;
    for (size_t end = 0; (end = text.find('\n', from)) != std::string::npos; from = end + 1) {
      CHECK(end - from + 1 < kLongest);
    }
    CHECK(static_cast<size_t>(std::ranges::count(text, 'x')) == 400);
  }
}

}  // namespace watchdog

#include "base/line_splitter.h"

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/fd.h"

namespace watchdog {

namespace {

// Has the log write the function's lines, without prefixes, into memory while it lives.
class Captured {
 public:
  Captured() : file_(memfd_create("lines", MFD_CLOEXEC)) {
    log::flush_all(std::chrono::seconds(1));
    log::configure({.prefix_function_lines = false});
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
    std::string text(4096, '\0');
    const ssize_t size = pread(file_.get(), text.data(), text.size(), read_);
    REQUIRE(size >= 0);
    read_ += size;
    text.resize(static_cast<size_t>(size));
    return text;
  }

 private:
  Fd file_;
  off_t read_ = 0;
};

// What is logged for `pieces` fed one after another, and the end.
std::string logged(std::initializer_list<std::string_view> pieces, size_t longest = 100) {
  Captured captured;
  LineSplitter lines(log::Source::kErr, longest);
  for (const std::string_view piece : pieces) lines.add(piece);
  lines.finish();
  return captured.text();
}

}  // namespace

TEST_CASE("each line is logged once it is complete") {
  Captured captured;
  LineSplitter lines(log::Source::kErr, 100);
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
  Captured captured;
  LineSplitter lines(log::Source::kErr, 4);
  for (const char c : std::string_view("ab\nabcd\nabcdef\n")) lines.add({&c, 1});
  lines.finish();
  CHECK(captured.text() == "ab\nabcd\nabcd [line continues]\nef\n");
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

TEST_CASE("a line that is as long as allowed stays whole") {
  CHECK(logged({"abcd\n"}, 4) == "abcd\n");
  CHECK(logged({"abcd"}, 4) == "abcd\n");
  CHECK(logged({"ab", "cd", "\n"}, 4) == "abcd\n");
}

TEST_CASE("a longer line is logged in pieces that say so, and nothing is lost") {
  CHECK(logged({"abcde\n"}, 4) == "abcd [line continues]\ne\n");
  CHECK(logged({"abcdefgh\n"}, 4) == "abcd [line continues]\nefgh\n");
  CHECK(logged({"ab", "cdef", "ghi"}, 4) == "abcd [line continues]\nefgh [line continues]\ni\n");
}

TEST_CASE("after the end it starts afresh") {
  Captured captured;
  LineSplitter lines(log::Source::kOut, 10);
  lines.add("one");
  lines.finish();
  lines.finish();
  lines.add("two\n");
  CHECK(captured.text() == "one\ntwo\n");
}

TEST_CASE("bytes that are no text pass") {
  const std::string bytes("a\0\xff\x01z", 5);
  CHECK(logged({bytes, "\n"}) == bytes + "\n");
}

}  // namespace watchdog

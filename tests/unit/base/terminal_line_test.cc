#include "base/terminal_line.h"

#include <doctest/doctest.h>

#include <cstdlib>

namespace watchdog::log {

namespace {

constexpr std::string_view kClock = "10:15:00";

Access greeting() {
  return {.method = "POST",
          .target = "/greet",
          .status = 200,
          .reason = "OK",
          .failure = {},
          .detail = {},
          .remote = {},
          .bytes = 40,
          .duration = std::chrono::microseconds(4900)};
}

// What is left of a line on paper.
std::string without_colours(std::string line) {
  for (size_t at = line.find('\x1b'); at != std::string::npos; at = line.find('\x1b')) {
    line.erase(at, line.find('m', at) + 1 - at);
  }
  return line;
}

std::string access_columns(const Access& access) {
  return without_colours(terminal_access(kClock, access));
}

// Sets a variable of the environment, or unsets it, while it lives.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    set(value);
  }
  ~Variable() { set(old_ ? old_->c_str() : nullptr); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  void set(const char* value) const {
    value != nullptr ? ::setenv(name_, value, 1) : ::unsetenv(name_);
  }
  const char* name_;
  std::optional<std::string> old_;
};

bool wanted(const char* terminal, const char* no_color) {
  const Variable term("TERM", terminal);
  const Variable unwanted("NO_COLOR", no_color);
  return colours_wanted();
}

}  // namespace

TEST_CASE("at a terminal the columns of requests stand below each other, the target last") {
  Access access = greeting();
  CHECK(access_columns(access) == "10:15:00  POST    200    4.9ms      40B  /greet");
  access.method = "GET";
  access.duration = std::chrono::milliseconds(12345);
  access.bytes = 1'500'000;
  CHECK(access_columns(access) == "10:15:00  GET     200   12.35s    1.5MB  /greet");
  access.method = "PROPPATCH";
  CHECK(access_columns(access) == "10:15:00  PROPPATCH 200   12.35s    1.5MB  /greet");
}

TEST_CASE("at a terminal a request's line ends with what went wrong, then the call id") {
  Access access = greeting();
  access.status = 500;
  access.failure = "function_failed";
  access.detail = "exit code 7";
  access.call_id = "abc";
  CHECK(access_columns(access) ==
        "10:15:00  POST    500    4.9ms      40B  /greet  function_failed: exit code 7  [abc]");
  access.failure = {};
  CHECK(access_columns(access) ==
        "10:15:00  POST    500    4.9ms      40B  /greet  exit code 7  [abc]");
}

TEST_CASE("at a terminal the colour of a status is that of its class") {
  for (const auto& [status, colour] :
       {std::pair{200, "32"}, {204, "32"}, {304, "36"}, {404, "33"}, {499, "33"}, {503, "31"}}) {
    Access access = greeting();
    access.status = status;
    const std::string painted = fmt::format("\x1b[{}m{}\x1b[0m ", colour, status);
    CHECK(terminal_access(kClock, access).find(painted) != std::string::npos);
  }
}

TEST_CASE("at a terminal errors are red, warnings yellow, and other lines of ours as they are") {
  const std::string start = "\x1b[2m10:15:00\x1b[0m  ";
  CHECK(terminal_message(kClock, Level::kInfo, "Stopped") == start + "Stopped");
  CHECK(terminal_message(kClock, Level::kWarning, "odd") == start + "\x1b[33modd\x1b[0m");
  CHECK(terminal_message(kClock, Level::kError, "bad") == start + "\x1b[31mbad\x1b[0m");
}

TEST_CASE("at a terminal a bar tells the function's lines from ours") {
  CHECK(without_colours(terminal_function_line(kClock, "stderr", "a line")) ==
        "10:15:00  stderr  | a line");
}

TEST_CASE("at a terminal the colours of a function's line end with it") {
  CHECK(terminal_function_line(kClock, "stderr", "\x1b[31mred").ends_with("\x1b[31mred\x1b[0m"));
  CHECK(terminal_function_line(kClock, "stderr", "plain").ends_with("plain"));
}

TEST_CASE("at a terminal nothing that others wrote is obeyed but colours of the function") {
  Access access = greeting();
  access.method = "G\x1b[2J";
  access.target = "/\x1b]0;title\x07\n";
  access.failure = "bad_request";
  access.detail = "\x1b[31mx";
  access.call_id = "\xc2\x9b";
  CHECK(access_columns(access) ==
        "10:15:00  G\\x1b[2J 200    4.9ms      40B  /\\x1b]0;title\\x07\\x0a  bad_request: "
        "\\x1b[31mx  [\\xc2\\x9b]");
  CHECK(terminal_message(kClock, Level::kInfo, "a\x1b[31mb\n").ends_with("  a\\x1b[31mb\\x0a"));
  CHECK(terminal_function_line(kClock, "stdout", "a\x1b[2Jb").ends_with("a\\x1b[2Jb\x1b[0m"));
}

TEST_CASE("colours are for terminals that know them, unless NO_COLOR has a value") {
  CHECK(wanted("xterm", nullptr));
  CHECK(wanted("screen-256color", ""));
  CHECK_FALSE(wanted("xterm", "1"));
  CHECK_FALSE(wanted("xterm", "0"));
  CHECK_FALSE(wanted("dumb", nullptr));
  CHECK_FALSE(wanted("", nullptr));
  CHECK_FALSE(wanted(nullptr, nullptr));
}

}  // namespace watchdog::log

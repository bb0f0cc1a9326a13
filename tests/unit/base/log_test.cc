#include "base/log.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/line_splitter.h"

using namespace watchdog;

namespace {

// The log, written into pipes that the test reads.
struct Captured {
  Fd out;
  Fd err;
  Fd out_writer;
  Fd err_writer;

  Captured() {
    make_pipe(out, out_writer);
    make_pipe(err, err_writer);
    log::open(out_writer.get(), err_writer.get());
    log::configure({});
  }
  ~Captured() {
    err_lines();
    out_lines();
    log::flush();
    log::configure({});
    log::open(STDOUT_FILENO, STDERR_FILENO);
  }

  std::vector<std::string> err_lines() { return lines(err); }
  std::vector<std::string> out_lines() { return lines(out); }

 private:
  static void make_pipe(Fd& reader, Fd& writer) {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    reader = Fd(ends[0]);
    writer = Fd(ends[1]);
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  }
  static std::vector<std::string> lines(const Fd& fd) {
    std::string text;
    char buffer[65536];
    for (;;) {
      log::flush();
      const ssize_t size = ::read(fd.get(), buffer, sizeof buffer);
      if (size <= 0) break;
      text.append(buffer, static_cast<size_t>(size));
    }
    std::vector<std::string> all;
    size_t start = 0;
    for (size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', start)) {
      all.push_back(text.substr(start, end - start));
      start = end + 1;
    }
    CHECK(start == text.size());
    return all;
  }
};

log::Access some_access() {
  return {.method = "GET",
          .target = "/",
          .status = 200,
          .reason = "OK",
          .remote = "10.0.0.1",
          .bytes = 39,
          .duration = std::chrono::microseconds(4900)};
}

}  // namespace

TEST_CASE_FIXTURE(Captured, "a line has date, time and message, and goes to standard error") {
  log::info("hello {}", 42);
  const auto lines = err_lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].substr(20) == "hello 42");
  CHECK(lines[0][4] == '/');
  CHECK(lines[0][13] == ':');
  CHECK(out_lines().empty());
}

TEST_CASE_FIXTURE(Captured, "an access line is of-watchdog's") {
  log::access(some_access());
  CHECK(err_lines().at(0).substr(20) == "GET / - 200 OK - ContentLength: 39B (0.0049s)");
}

TEST_CASE_FIXTURE(Captured, "a failure is named with its detail, and the call id ends the line") {
  log::Access access = some_access();
  access.status = 500;
  access.reason = "Internal Server Error";
  access.failure = "function_failed";
  access.detail = "exit code 7";
  access.call_id = "abc";
  log::access(access);
  CHECK(err_lines().at(0).ends_with("(0.0049s) - function_failed: exit code 7 [abc]"));
}

TEST_CASE_FIXTURE(Captured, "no target can write a second line") {
  log::Access access = some_access();
  access.target = "/a\n2006/01/02 forged";
  log::access(access);
  const auto lines = err_lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find("/a\\x0a2006") != std::string::npos);
}

TEST_CASE_FIXTURE(Captured, "the function's lines are prefixed with their stream and go to the same one") {
  log::function_line(log::Source::kErr, "oops");
  log::function_line(log::Source::kOut, "fine");
  CHECK(err_lines().at(0).substr(20) == "stderr: oops");
  CHECK(out_lines().at(0).substr(20) == "stdout: fine");
}

TEST_CASE_FIXTURE(Captured, "without prefixes the function's lines are alone") {
  log::configure({.prefix_function_lines = false});
  log::function_line(log::Source::kErr, "oops");
  CHECK(err_lines().at(0) == "oops");
}

TEST_CASE_FIXTURE(Captured, "in JSON every line is an object, whatever bytes are in it") {
  log::configure({.format = log::Format::kJson});
  log::info("quoted \" and \\ and \x01");
  log::function_line(log::Source::kErr, "bad utf-8 \xff");
  log::Access access = some_access();
  access.failure = "exec_timeout";
  access.call_id = "abc";
  log::access(access);
  const auto lines = err_lines();
  REQUIRE(lines.size() == 3);
  const auto first = nlohmann::json::parse(lines[0]);
  CHECK(first["level"] == "info");
  CHECK(first["msg"] == "quoted \" and \\ and \x01");
  CHECK(nlohmann::json::parse(lines[1])["stream"] == "stderr");
  const auto third = nlohmann::json::parse(lines[2]);
  CHECK(third["status"] == 200);
  CHECK(third["method"] == "GET");
  CHECK(third["bytes"] == 39);
  CHECK(third["remote"] == "10.0.0.1");
  CHECK(third["failure"] == "exec_timeout");
  CHECK(third["call_id"] == "abc");
}

TEST_CASE_FIXTURE(Captured, "a reader that does not read blocks nobody, and learns how many lines it lost") {
  const uint64_t before = log::dropped_lines();
  const std::string line(1000, 'x');
  for (int i = 0; i < 3000; ++i) {
    log::function_line(log::Source::kErr, line);
    log::flush();
  }
  const uint64_t lost = log::dropped_lines() - before;
  CHECK(lost > 0);
  const auto lines = err_lines();
  CHECK(lines.size() == 3000 - lost + 1);
  CHECK(lines.back().ends_with(fmt::format("{} log lines were dropped because nobody read them", lost)));
}

TEST_CASE_FIXTURE(Captured, "a splitter logs line by line, however the bytes come") {
  LineSplitter splitter(log::Source::kErr, 100);
  for (const char c : std::string("one\ntwo\r\n\nfour")) splitter.add(std::string(1, c));
  splitter.finish();
  splitter.finish();
  std::vector<std::string> texts;
  for (const std::string& line : err_lines()) texts.push_back(line.substr(28));
  CHECK(texts == std::vector<std::string>{"one", "two", "", "four"});
}

TEST_CASE_FIXTURE(Captured, "a line over the limit is logged in pieces, nothing of it lost") {
  LineSplitter splitter(log::Source::kErr, 10);
  splitter.add(std::string(25, 'a') + "\nshort\n" + std::string(10, 'b') + "\n");
  std::vector<std::string> texts;
  for (const std::string& line : err_lines()) texts.push_back(line.substr(28));
  CHECK(texts == std::vector<std::string>{"aaaaaaaaaa [line continues]", "aaaaaaaaaa [line continues]",
                                          "aaaaa", "short", "bbbbbbbbbb"});
}

#include "base/log.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"

namespace watchdog {

namespace {

using nlohmann::json;

constexpr size_t kStamp = std::string_view("2006/01/02 15:04:05 ").size();
constexpr size_t kBuffer = 1024 * 1024;

// Has the log write into files in memory while it lives.
class LogCapture {
 public:
  explicit LogCapture(const log::Settings& settings = {})
      : out_(memfd_create("out", MFD_CLOEXEC)), err_(memfd_create("err", MFD_CLOEXEC)) {
    log::flush_all(std::chrono::seconds(1));
    log::configure(settings);
    log::open(out_.get(), err_.get());
  }
  ~LogCapture() {
    log::flush();
    log::configure({});
    log::open(STDOUT_FILENO, STDERR_FILENO);
  }
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  // What was logged since it was last asked for.
  std::string out() { return take(out_.get(), out_read_); }
  std::string err() { return take(err_.get(), err_read_); }

 private:
  static std::string take(int fd, off_t& read) {
    log::flush();
    const off_t end = lseek(fd, 0, SEEK_END);
    std::string text(static_cast<size_t>(end - read), '\0');
    text.resize(
        static_cast<size_t>(std::max<ssize_t>(0, pread(fd, text.data(), text.size(), read))));
    read = end;
    return text;
  }

  Fd out_;
  Fd err_;
  off_t out_read_ = 0;
  off_t err_read_ = 0;
};

log::Access index_page() {
  return {.method = "GET",
          .target = "/",
          .status = 200,
          .reason = "OK",
          .failure = {},
          .detail = {},
          .remote = "10.0.0.1",
          .bytes = 39,
          .duration = std::chrono::microseconds(4900)};
}

// The one line that `access` makes, without its time.
std::string line_of(const log::Access& access) {
  LogCapture capture;
  log::access(access);
  return capture.err().substr(kStamp);
}

// The log's stderr is a pipe that nobody reads until read() is called.
class SlowReader {
 public:
  SlowReader() : settings_({.prefix_function_lines = false}) {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    reading_ = Fd(ends[0]);
    writing_ = Fd(ends[1]);
    ::fcntl(reading_.get(), F_SETFL, O_NONBLOCK);
    log::open(STDOUT_FILENO, writing_.get());
  }
  ~SlowReader() {
    while (!read().empty()) log::flush();
  }

  std::string read() {
    std::string text(256 * 1024, '\0');
    const ssize_t size = ::read(reading_.get(), text.data(), text.size());
    text.resize(static_cast<size_t>(std::max<ssize_t>(size, 0)));
    return text;
  }
  std::string read_all() {
    std::string text;
    for (;;) {
      log::flush();
      const std::string more = read();
      if (more.empty()) return text;
      text += more;
    }
  }
  void hang_up() { reading_.close(); }

 private:
  LogCapture settings_;
  Fd reading_;
  Fd writing_;
};

}  // namespace

TEST_CASE("a line of text has local date and time in front, as Go logs it") {
  ::setenv("TZ", "XYZ-05:30", 1);
  ::tzset();
  LogCapture capture;
  // Not time(2), which may be a tick behind.
  const auto now = [] {
    return std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  };
  const time_t before = now();
  log::info("listening on {}", 8080);
  const time_t after = now();
  const std::string line = capture.err();
  bool matches = false;
  for (time_t second = before; second <= after; ++second) {
    char expected[64];
    tm parts{};
    ::localtime_r(&second, &parts);
    ::strftime(expected, sizeof expected, "%Y/%m/%d %H:%M:%S listening on 8080\n", &parts);
    matches = matches || line == expected;
  }
  CAPTURE(line);
  CHECK(matches);
  ::unsetenv("TZ");
  ::tzset();
}

TEST_CASE("warnings and errors say that they are") {
  LogCapture capture;
  log::event(log::Level::kWarning, "any", "careful");
  CHECK(capture.err().substr(kStamp) == "Warning: careful\n");
  log::event(log::Level::kError, "any", "broken");
  CHECK(capture.err().substr(kStamp) == "Error: broken\n");
  CHECK(capture.out() == "");
}

TEST_CASE("a function's line keeps its output and names it") {
  LogCapture capture;
  log::function_line(log::Source::kErr, "from stderr");
  log::function_line(log::Source::kOut, "from stdout");
  CHECK(capture.err().substr(kStamp) == "stderr: from stderr\n");
  CHECK(capture.out().substr(kStamp) == "stdout: from stdout\n");
}

TEST_CASE("without prefixes a function's line stands alone, ours do not") {
  LogCapture capture({.prefix_function_lines = false});
  log::function_line(log::Source::kErr, "a line {} %s");
  CHECK(capture.err() == "a line {} %s\n");
  log::info("ours");
  CHECK(capture.err().size() == kStamp + 5);
}

TEST_CASE("an access line is of-watchdog's") {
  CHECK(line_of(index_page()) == "GET / - 200 OK - ContentLength: 39B (0.0049s)\n");
}

TEST_CASE("an access line ends with what went wrong, then the call id") {
  log::Access access = index_page();
  access.call_id = "none";
  CHECK(line_of(access) == "GET / - 200 OK - ContentLength: 39B (0.0049s) [none]\n");
  access.status = 500;
  access.reason = "Internal Server Error";
  access.failure = "function_failed";
  CHECK(line_of(access) ==
        "GET / - 500 Internal Server Error - ContentLength: 39B (0.0049s) - function_failed "
        "[none]\n");
  access.detail = "exit code 7";
  access.call_id = "abc";
  CHECK(line_of(access) ==
        "GET / - 500 Internal Server Error - ContentLength: 39B (0.0049s) - function_failed: exit "
        "code 7 [abc]\n");
}

TEST_CASE("nothing that a client sends can forge a second line") {
  log::Access access = index_page();
  access.method = "G\nET";
  access.target = "/a\r\n2026/01/01 00:00:00 forged\x7f\x1b[2J";
  access.failure = "bad_request";
  access.detail = "x\ny";
  access.call_id = "1\n2";
  const std::string line = line_of(access);
  CHECK(std::count(line.begin(), line.end(), '\n') == 1);
  CHECK(line.find("G\\x0aET /a\\x0d\\x0a2026/01/01 00:00:00 forged\\x7f\\x1b[2J - ") == 0);
  CHECK(line.find("bad_request: x\\x0ay [1\\x0a2]\n") != std::string::npos);
}

TEST_CASE("a message of ours with a newline is still one line") {
  LogCapture capture;
  log::info("{}", "a\nb");
  CHECK(capture.err().substr(kStamp) == "a\\x0ab\n");
}

TEST_CASE("as JSON every line is an object with time, level and message") {
  LogCapture capture({.format = log::Format::kJson});
  log::event(log::Level::kWarning, "any", "quote \" newline \n done");
  const json line = json::parse(capture.err());
  CHECK(line["level"] == "warning");
  CHECK(line["msg"] == "quote \" newline \n done");
  const std::string time = line["time"];
  CHECK(time.size() == std::string_view("2026-01-02T15:04:05.123Z").size());
  CHECK(time[10] == 'T');
  CHECK(time[19] == '.');
  CHECK(time.back() == 'Z');
}

TEST_CASE("as JSON a step of ours has its event and its parts by name") {
  LogCapture capture({.format = log::Format::kJson});
  log::event(log::Level::kInfo, "listening", "Listening on port: 8080",
             {{"port", 8080}, {"mode", "http"}, {"duration_s", 0.25}, log::Part{}});
  const json line = json::parse(capture.err());
  CHECK(line["msg"] == "Listening on port: 8080");
  CHECK(line["event"] == "listening");
  CHECK(line["port"] == 8080);
  CHECK(line["mode"] == "http");
  CHECK(line["duration_s"] == 0.25);
  CHECK(line.size() == 7);
}

TEST_CASE("as JSON a step of ours is shorter than 64 KiB, whatever its parts are") {
  LogCapture capture({.format = log::Format::kJson});
  const std::string control(20'000, '\x01');
  log::event(log::Level::kInfo, "any", control,
             {{"a", control}, {"b", control}, {"c", control}, {"d", control}});
  CHECK(capture.err().size() < size_t{64} * 1024);
}

TEST_CASE("as text a step of ours is its message") {
  LogCapture capture;
  log::event(log::Level::kWarning, "stopping", "Stopping", {{"stage", "aborting"}});
  CHECK(capture.err().substr(kStamp) == "Warning: Stopping\n");
}

TEST_CASE("a file gets no colours, even where terminals get them") {
  LogCapture capture({.colours_on_terminals = true});
  log::info("ours");
  log::access(index_page());
  log::function_line(log::Source::kErr, "the function's");
  CHECK(capture.err().find('\x1b') == std::string::npos);
}

TEST_CASE("as JSON a function's line names its stream") {
  LogCapture capture({.format = log::Format::kJson, .prefix_function_lines = false});
  log::function_line(log::Source::kOut, "hello");
  const json line = json::parse(capture.out());
  CHECK(line["stream"] == "stdout");
  CHECK(line["msg"] == "hello");
  CHECK(line["level"] == "info");
}

TEST_CASE("as JSON bytes that are no UTF-8 are replaced") {
  LogCapture capture({.format = log::Format::kJson});
  log::function_line(log::Source::kErr, std::string_view("a\xff\0b \xe2\x82\xac", 8));
  const json line = json::parse(capture.err());
  CHECK(line["msg"] == std::string("a\xef\xbf\xbd\0b \xe2\x82\xac", 10));
}

TEST_CASE("as JSON an access line has its parts") {
  LogCapture capture({.format = log::Format::kJson});
  log::access(index_page());
  json line = json::parse(capture.err());
  CHECK(line["msg"] == "GET / - 200 OK - ContentLength: 39B (0.0049s)");
  CHECK(line["method"] == "GET");
  CHECK(line["path"] == "/");
  CHECK(line["status"] == 200);
  CHECK(line["bytes"] == 39);
  CHECK(line["event"] == "request");
  for (const char* name : {"duration_seconds", "duration_s"}) {
    CHECK(line[name] == doctest::Approx(0.0049));
  }
  CHECK(line["remote"] == "10.0.0.1");
  for (const char* absent : {"call_id", "failure", "detail", "queue_s", "spawn_s"}) {
    CHECK_FALSE(line.contains(absent));
  }

  log::Access failed = index_page();
  failed.failure = "function_failed";
  failed.detail = "exit code 7";
  failed.call_id = "abc";
  failed.queued = std::chrono::milliseconds(1500);
  failed.spawned = std::chrono::milliseconds(2);
  log::access(failed);
  line = json::parse(capture.err());
  CHECK(line["failure"] == "function_failed");
  CHECK(line["detail"] == "exit code 7");
  CHECK(line["call_id"] == "abc");
  CHECK(line["queue_s"] == 1.5);
  CHECK(line["spawn_s"] == 0.002);
}

TEST_CASE("a reader that does not read stops nobody, and nothing of what fits is lost or torn") {
  SlowReader reader;
  const uint64_t dropped = log::dropped_lines();
  std::string expected;
  for (int i = 0; expected.size() < kBuffer / 2; ++i) {
    const std::string line =
        fmt::format("line {} {}", i, std::string(static_cast<size_t>(i % 200), 'x'));
    log::function_line(log::Source::kErr, line);
    log::flush();
    expected += line + "\n";
  }
  CHECK(reader.read_all() == expected);
  CHECK(log::dropped_lines() == dropped);
}

TEST_CASE("what does not fit is dropped in whole lines, counted, and the count is logged") {
  SlowReader reader;
  const uint64_t before = log::dropped_lines();
  const std::string line(999, 'x');
  const uint64_t written = 3000;
  for (uint64_t i = 0; i < written; ++i) {
    log::function_line(log::Source::kErr, line);
    log::flush();
  }
  const uint64_t dropped = log::dropped_lines() - before;
  CHECK(dropped > 0);
  const std::string text = reader.read_all();
  const size_t kept = static_cast<size_t>(written - dropped) * (line.size() + 1);
  REQUIRE(text.size() > kept);
  CHECK(text.substr(0, kept).find_first_not_of("x\n") == std::string::npos);
  CHECK(text.substr(kept + kStamp) ==
        fmt::format("Warning: {} log lines were dropped because nobody read them\n", dropped));
}

TEST_CASE("the count is logged once") {
  SlowReader reader;
  for (int i = 0; i < 3; ++i)
    log::function_line(log::Source::kErr, std::string(kBuffer - 100, 'x'));
  CHECK(reader.read_all().find("Warning: 2 log lines") != std::string::npos);
  log::function_line(log::Source::kErr, "after");
  CHECK(reader.read_all() == "after\n");
}

TEST_CASE("one line is kept however long it is") {
  SlowReader reader;
  const std::string line(kBuffer + 50, 'x');
  log::function_line(log::Source::kErr, line);
  CHECK(reader.read_all() == line + "\n");
}

TEST_CASE("a reader that hung up costs its lines, no more") {
  SlowReader reader;
  std::signal(SIGPIPE, SIG_IGN);
  reader.hang_up();
  const uint64_t before = log::dropped_lines();
  for (int i = 0; i < 5; ++i) log::function_line(log::Source::kErr, "lost");
  log::flush();
  CHECK(log::dropped_lines() == before + 5);
  log::flush();
  CHECK(log::dropped_lines() == before + 5);
}

TEST_CASE("an output that is closed costs its lines, no more") {
  LogCapture capture;
  log::open(STDOUT_FILENO, 1'000'000);
  const uint64_t before = log::dropped_lines();
  log::info("nobody");
  log::flush();
  CHECK(log::dropped_lines() == before + 1);
}

TEST_CASE("before the exit everything is written, as fast as a slow reader takes it") {
  SlowReader reader;
  const std::string line(kBuffer / 2, 'x');
  log::function_line(log::Source::kErr, line);
  std::string text;
  std::thread other([&] {
    while (text.size() <= line.size()) text += reader.read();
  });
  log::flush_all(std::chrono::seconds(30));
  other.join();
  CHECK(text == line + "\n");
}

TEST_CASE("before the exit patience with a reader that never reads ends") {
  SlowReader reader;
  log::function_line(log::Source::kErr, std::string(kBuffer / 2, 'x'));
  const Instant start = std::chrono::steady_clock::now();
  log::flush_all(std::chrono::milliseconds(20));
  CHECK(std::chrono::steady_clock::now() - start >= std::chrono::milliseconds(20));
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
}

TEST_CASE("lines of several threads are whole") {
  LogCapture capture({.prefix_function_lines = false});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([i] {
      for (int j = 0; j < 500; ++j) {
        log::function_line(log::Source::kErr, std::string(20, static_cast<char>('a' + i)));
        log::flush();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string text = capture.err();
  REQUIRE(text.size() == size_t{4} * 500 * 21);
  bool whole = true;
  for (size_t at = 0; at < text.size(); at += 21) {
    whole = whole && text.substr(at, 21) == std::string(20, text[at]) + "\n";
  }
  CHECK(whole);
}

namespace {

constexpr std::string_view kIds =
    " trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7\n";

TraceIds some_ids() {
  TraceIds ids;
  std::ranges::copy(std::string_view("4bf92f3577b34da6a3ce929d0e0e4736"), ids.trace.begin());
  std::ranges::copy(std::string_view("00f067aa0ba902b7"), ids.span.begin());
  return ids;
}

}  // namespace

TEST_CASE("as JSON the lines of a request have the ids of its trace and its span") {
  LogCapture capture({.format = log::Format::kJson});
  const TraceIds ids = some_ids();
  log::Access access = index_page();
  access.trace = &ids;
  log::access(access);
  json line = json::parse(capture.err());
  CHECK(line["trace_id"] == ids.trace_id());
  CHECK(line["span_id"] == ids.span_id());
  log::function_line(log::Source::kErr, "hello", &ids);
  line = json::parse(capture.err());
  CHECK(line["trace_id"] == ids.trace_id());
  CHECK(line["span_id"] == ids.span_id());
}

TEST_CASE("as text they end with the ids where those are wanted, and are as ever where not") {
  const TraceIds ids = some_ids();
  log::Access access = index_page();
  access.trace = &ids;
  access.call_id = "abc";
  for (const bool wanted : {false, true}) {
    LogCapture capture({.trace_ids_in_text = wanted});
    const std::string end = wanted ? std::string(kIds) : "\n";
    log::access(access);
    CHECK(capture.err().substr(kStamp) ==
          "GET / - 200 OK - ContentLength: 39B (0.0049s) [abc]" + end);
    log::function_line(log::Source::kErr, "hello", &ids);
    CHECK(capture.err().substr(kStamp) == "stderr: hello" + end);
  }
}

TEST_CASE("a function's line without a prefix stays what it is, with ids wanted, too") {
  LogCapture capture({.prefix_function_lines = false, .trace_ids_in_text = true});
  const TraceIds ids = some_ids();
  log::function_line(log::Source::kErr, "hello", &ids);
  CHECK(capture.err() == "hello\n");
}

}  // namespace watchdog

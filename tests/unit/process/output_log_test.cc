#include "process/output_log.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>

#include "fake_clock.h"

using namespace watchdog;

namespace {

// An OutputLog that reads one pipe and a log that is written into another.
struct OutputLogTest {
  Loop loop;
  Fd function;
  Fd reader;
  Fd log_pipe;
  std::unique_ptr<OutputLog> output;
  std::string logged;

  OutputLogTest() {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    reader = Fd(ends[0]);
    log_pipe = Fd(ends[1]);
    ::fcntl(reader.get(), F_SETFL, O_NONBLOCK);
    log::configure({.prefix_function_lines = false});
    log::open(STDOUT_FILENO, log_pipe.get());
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    function = Fd(ends[1]);
    ::fcntl(function.get(), F_SETFL, O_NONBLOCK);
    const Turn turn(loop);
    output = std::make_unique<OutputLog>(loop, Fd(ends[0]), log::Source::kErr, 1000);
  }
  ~OutputLogTest() {
    output.reset();
    read_log();
    log::configure({});
    log::open(STDOUT_FILENO, STDERR_FILENO);
  }

  void read_log() {
    char buffer[65536];
    for (;;) {
      log::flush();
      const ssize_t size = ::read(reader.get(), buffer, sizeof buffer);
      if (size <= 0) return;
      logged.append(buffer, static_cast<size_t>(size));
    }
  }
  bool say(std::string_view text) {
    return ::write(function.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  }
};

}  // namespace

TEST_CASE_FIXTURE(OutputLogTest, "what a function prints is logged while it runs") {
  REQUIRE(say("hello\n"));
  CHECK(poll_until(loop, [&] {
    read_log();
    return logged == "hello\n";
  }));
}

TEST_CASE_FIXTURE(OutputLogTest, "catching up logs what is there at once, and sees the end") {
  REQUIRE(say("last words\nof many"));
  function.close();
  {
    const Turn turn(loop);
    output->catch_up();
  }
  CHECK(output->ended());
  read_log();
  CHECK(logged == "last words\nof many\n");
}

TEST_CASE_FIXTURE(OutputLogTest, "destroying it logs what is left in the pipe") {
  REQUIRE(say("never read"));
  output.reset();
  read_log();
  CHECK(logged == "never read\n");
}

TEST_CASE_FIXTURE(OutputLogTest,
                  "a slow reader of the log slows the function down, and nothing is dropped") {
  const uint64_t dropped = log::dropped_lines();
  const std::string line(99, 'x');
  size_t said = 0;
  size_t rounds = 0;
  CHECK(poll_until(loop, [&] {
    while (said < 30'000 && say(line + "\n")) ++said;
    if (++rounds % 20 == 0) read_log();
    return said == 30'000;
  }));
  function.close();
  CHECK(poll_until(loop, [&] {
    read_log();
    return output->ended();
  }));
  read_log();
  CHECK(std::count(logged.begin(), logged.end(), '\n') == 30'000);
  CHECK(log::dropped_lines() == dropped);
}

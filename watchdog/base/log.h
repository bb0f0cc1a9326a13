#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/time.h"
#include "base/trace_ids.h"

// The process's log: our own lines, access lines and the function's output, one line each.
//
// The only global of the program. Lines from any thread are gathered in one bounded buffer and
// written by flush(), which each Loop calls at the end of a turn of its event loop. A reader of our
// output that stops reading never stops us: nothing here blocks (a pipe is asked with poll(2)
// first), what does not fit is dropped and counted, and the count is logged once there is room.
namespace watchdog::log {

enum class Format { kText, kJson };
enum class Level { kInfo, kWarning, kError };

// The output of the function that a line came from. Lines of kOut go to our stdout, all others to
// our stderr.
enum class Source { kOut, kErr };

// How lines look. Before configure() they are text with prefixes.
struct Settings {
  Format format = Format::kText;
  // Date, time and "stderr: " before each of the function's lines.
  bool prefix_function_lines = true;
  // The ids of traces at the end of lines of text, but for the function's lines without a prefix.
  bool trace_ids_in_text = false;
  // Where text goes to a terminal, lines are as base/terminal_line.h has them.
  bool colours_on_terminals = false;
};
void configure(const Settings& settings);

// Sends lines to these descriptors in place of 1 and 2. For tests.
void open(int out_fd, int err_fd);

// Logs a message of ours: "2006/01/02 15:04:05 message" in local time, or as JSON
// {"time":...,"level":...,"msg":...}.
void write(Level level, std::string_view message);

// A part of a step in our own life, for programs that read the log. watchdog/base/README.md has the
// list of all events and their parts; times are in seconds, and their names end in _s.
struct Part {
  const char* name = nullptr;  // null: there is no such part
  std::variant<std::string_view, int64_t, double> value;
};
using Parts = std::initializer_list<Part>;

// Logs such a step: as text the message alone, as JSON also {"event":...} and the parts by name.
[[gnu::cold]] void event(Level level, std::string_view event, std::string_view message,
                         Parts parts = {});

template <typename... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::kInfo, fmt::format(format, std::forward<Args>(args)...));
}

// Logs a line that the function printed, without its newline: byte by byte, but on a terminal as
// append_printable_line() makes it. `trace` has the ids of the request that it belongs to; null
// where that is not known.
void function_line(Source source, std::string_view line, const TraceIds* trace = nullptr);
// Returns how many bytes from the start of `line` can be given to function_line() so that the line
// of the log is shorter than `longest` bytes with its prefix, its escapes and its newline. Where
// that is not all of them it ends between two characters.
size_t fitting(Source source, std::string_view line, size_t longest,
               const TraceIds* trace = nullptr);

// A request that has ended. As text:
//   GET / - 200 OK - ContentLength: 39B (0.0049s) - failure: detail [call id]
// What a client sent is printed as append_printable() makes it, and cut where the line would reach
// 64 KiB: a request is one line.
struct Access {
  std::string_view method;
  std::string_view target;   // as received
  int status = 0;            // what the client saw, or would have seen
  std::string_view reason;   // "OK"
  std::string_view failure;  // our word for what went wrong, "" when nothing did
  std::string_view detail;   // "exit code 7", "killed by SIGSEGV"; "" when there is nothing to say
  std::string_view remote;   // client address
  std::optional<std::string_view> call_id{};  // set: printed
  uint64_t bytes = 0;                         // body bytes sent to the client
  Duration duration{};
  // What it waited for, where it did: a slot, and its process to be started. For JSON alone.
  std::optional<Duration> queued{};
  std::optional<Duration> spawned{};
  const TraceIds* trace = nullptr;  // null: none is known
};
void access(const Access& access);

// Writes what can be written without blocking.
void flush();

// Whether lines wait to be written, so that flush() should be called again soon.
bool waiting();

// Whether the reader of our output is slow but reads: the caller should wait a little before it
// logs more, so that nothing is dropped. A reader that takes nothing for a second is not waited
// for.
bool congested();

// Writes everything that waits, and waits up to `patience` for a slow reader. Only before exit.
void flush_all(Duration patience);

// The number of lines dropped so far because nobody read our output.
uint64_t dropped_lines();

}  // namespace watchdog::log

#include "base/log.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include "base/log_format.h"
#include "base/log_sink.h"

namespace watchdog::log {

namespace {

// More than any byte of a short line grows to, what is put before the line included.
constexpr size_t kMostGrowth = 16;

struct Log {
  std::mutex mutex;
  LineFormat format;
  Sink out{STDOUT_FILENO};
  Sink err{STDERR_FILENO};
  uint64_t unreported_drops = 0;
  std::atomic<bool> waiting{false};  // there is something to flush
  std::atomic<bool> congested{false};
  std::atomic<uint64_t> dropped{0};
};

Log& the_log() {
  static Log log;
  return log;
}

void add(Log& log, Sink& sink, std::string_view line) {
  log.waiting.store(true, std::memory_order_relaxed);
  if (sink.add(line)) return;
  ++log.dropped;
  ++log.unreported_drops;
}

// Says how many lines were lost, as soon as there is room to say it.
void report_drops(Log& log) {
  if (log.unreported_drops == 0 || !log.err.has_room()) return;
  const uint64_t count = std::exchange(log.unreported_drops, 0);
  add(log, log.err,
      log.format.event(Level::kWarning, "lines_dropped",
                       fmt::format("{} log lines were dropped because nobody read them", count),
                       {{"lines", static_cast<int64_t>(count)}}, log.err.is_terminal()));
}

// Lines for an output that is gone are counted, but there is nobody to tell.
void write_out(Log& log) {
  for (Sink* sink : {&log.err, &log.out}) log.dropped += sink->write_out();
}

void flush_locked(Log& log) {
  write_out(log);
  if (log.unreported_drops != 0) {
    report_drops(log);
    write_out(log);
  }
  log.waiting = !log.err.empty() || !log.out.empty() || log.unreported_drops != 0;
  log.congested = log.err.congested() || log.out.congested();
}

// Until an output that we wait for takes more, or `patience` ends.
void wait_for_readers(Duration patience) {
  pollfd asked[2];
  nfds_t count = 0;
  {
    Log& log = the_log();
    const std::lock_guard lock(log.mutex);
    for (const Sink* sink : {&log.err, &log.out}) {
      if (!sink->empty()) asked[count++] = {.fd = sink->fd(), .events = POLLOUT, .revents = 0};
    }
  }
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(patience).count();
  ::poll(asked, count, static_cast<int>(std::clamp<int64_t>(milliseconds, 0, 60'000)));
}

}  // namespace

void open(int out_fd, int err_fd) {
  Log& log = the_log();
  const std::lock_guard lock(log.mutex);
  log.out.use(out_fd);
  log.err.use(err_fd);
}

void configure(const Settings& settings) {
  Log& log = the_log();
  const std::lock_guard lock(log.mutex);
  log.format.configure(settings);
}

void write(Level level, std::string_view message) {
  Log& log = the_log();
  const std::lock_guard lock(log.mutex);
  add(log, log.err, log.format.message(level, message, log.err.is_terminal()));
}

void event(Level level, std::string_view event, std::string_view message, Parts parts) {
  Log& log = the_log();
  const std::lock_guard lock(log.mutex);
  add(log, log.err, log.format.event(level, event, message, parts, log.err.is_terminal()));
}

void function_line(Source source, std::string_view text, const TraceIds* trace) {
  Log& log = the_log();
  const std::lock_guard lock(log.mutex);
  Sink& sink = source == Source::kOut ? log.out : log.err;
  add(log, sink, log.format.function_line(source, text, sink.is_terminal(), trace));
}

size_t fitting(Source source, std::string_view text, size_t longest, const TraceIds* trace) {
  if (trace == nullptr && text.size() < longest / kMostGrowth) return text.size();
  Log& log = the_log();
  const std::lock_guard lock(log.mutex);
  return log.format.fitting(source, text, longest, trace);
}

void access(const Access& access) {
  Log& log = the_log();
  const std::lock_guard lock(log.mutex);
  add(log, log.err, log.format.access(access, log.err.is_terminal()));
}

void flush() {
  Log& log = the_log();
  if (!log.waiting.load(std::memory_order_relaxed)) return;
  const std::lock_guard lock(log.mutex);
  flush_locked(log);
}

bool waiting() {
  return the_log().waiting.load(std::memory_order_relaxed);
}

bool congested() {
  return the_log().congested.load(std::memory_order_relaxed);
}

void flush_all(Duration patience) {
  const Instant end = std::chrono::steady_clock::now() + patience;
  const Log& log = the_log();
  for (;;) {
    flush();
    const Duration left = end - std::chrono::steady_clock::now();
    if (!log.waiting.load() || left <= Duration::zero()) return;
    wait_for_readers(left);
  }
}

uint64_t dropped_lines() {
  return the_log().dropped;
}

}  // namespace watchdog::log

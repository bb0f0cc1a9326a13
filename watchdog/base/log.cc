#include "base/log.h"

#include <poll.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/text.h"

namespace watchdog::log {

namespace {

constexpr size_t kMostBuffered = 1024 * 1024;
// A pipe that polls writable takes this much without blocking (POSIX, PIPE_BUF).
constexpr size_t kAlwaysTaken = 4096;

// One of our two outputs and the lines that wait for it.
class Output {
 public:
  explicit Output(int fd) : fd_(fd) {}

  void use(int fd) {
    fd_ = fd;
    may_block_ = Kind::kUnknown;
  }

  // False: there was no room, and the line is lost.
  bool add(std::string_view line) {
    if (pending_.size() + line.size() + 1 > kMostBuffered) return false;
    pending_.append(line).append(1, '\n');
    return true;
  }

  bool empty() const { return pending_.empty(); }

  // Writes what the other side takes now. False: it is gone, and with it what was waiting.
  bool write_out() {
    size_t written = 0;
    bool there = true;
    while (written < pending_.size()) {
      size_t size = pending_.size() - written;
      if (may_block()) {
        if (!writable()) break;
        size = std::min(size, kAlwaysTaken);
      }
      const ssize_t taken = ::write(fd_, pending_.data() + written, size);
      if (taken < 0 && errno == EINTR) continue;
      if (taken < 0) {
        there = errno == EAGAIN;
        break;
      }
      written += static_cast<size_t>(taken);
    }
    pending_.erase(0, there ? written : pending_.size());
    return there;
  }

 private:
  enum class Kind { kUnknown, kFile, kMayBlock };

  bool may_block() {
    if (may_block_ == Kind::kUnknown) {
      struct stat status {};
      const bool file = ::fstat(fd_, &status) == 0 && S_ISREG(status.st_mode);
      may_block_ = file ? Kind::kFile : Kind::kMayBlock;
    }
    return may_block_ == Kind::kMayBlock;
  }

  bool writable() const {
    pollfd ask{.fd = fd_, .events = POLLOUT, .revents = 0};
    return ::poll(&ask, 1, 0) == 1;
  }

  int fd_;
  Kind may_block_ = Kind::kUnknown;
  std::string pending_;
};

// The date and time at the start of each line; formatted once a second.
class Stamp {
 public:
  std::string_view text() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    if (now.tv_sec == second_) return text_;
    second_ = now.tv_sec;
    tm parts{};
    localtime_r(&second_, &parts);
    text_ = fmt::format("{:04}/{:02}/{:02} {:02}:{:02}:{:02} ", parts.tm_year + 1900,
                        parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
    return text_;
  }

 private:
  time_t second_ = -1;
  std::string text_;
};

// "2026-01-02T15:04:05.123Z" (RFC 3339).
std::string utc_time() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  tm parts{};
  gmtime_r(&now.tv_sec, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     now.tv_nsec / 1'000'000);
}

struct Log {
  std::mutex mutex;
  Settings settings;
  Output out{STDOUT_FILENO};
  Output err{STDERR_FILENO};
  Stamp stamp;
  std::string line;  // under construction
  uint64_t reported_drops = 0;
  std::atomic<bool> waiting{false};  // there is something to flush
  std::atomic<uint64_t> dropped{0};
};

Log& the_log() {
  static Log log;
  return log;
}

void add(Log& log, Output& output, std::string_view line) {
  if (!output.add(line)) ++log.dropped;
  log.waiting.store(true, std::memory_order_relaxed);
}

// One request, or one function, must not be able to write a second line.
void append_escaped(std::string& line, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      line += fmt::format("\\x{:02x}", byte);
    } else {
      line += c;
    }
  }
}

std::string_view level_name(Level level) {
  switch (level) {
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      return "error";
  }
  return "";
}

using Json = nlohmann::ordered_json;

Json json_line(Level level, std::string_view message) {
  return {{"time", utc_time()}, {"level", level_name(level)}, {"msg", message}};
}

std::string dump(const Json& line) {
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void write_locked(Log& log, Level level, std::string_view message) {
  if (log.settings.format == Format::kJson) {
    add(log, log.err, dump(json_line(level, message)));
    return;
  }
  log.line.assign(log.stamp.text());
  if (level == Level::kWarning) log.line += "Warning: ";
  if (level == Level::kError) log.line += "Error: ";
  append_escaped(log.line, message);
  add(log, log.err, log.line);
}

std::string access_text(const Access& access) {
  std::string text;
  append_escaped(text, access.method);
  text += ' ';
  append_escaped(text, access.target);
  text += fmt::format(" - {} {} - ContentLength: {} ({:.4f}s)", access.status, access.reason,
                      human_size(access.bytes), seconds(access.duration));
  if (!access.failure.empty()) text.append(" - ").append(access.failure);
  if (!access.detail.empty()) append_escaped(text.append(": "), access.detail);
  if (access.call_id) {
    append_escaped(text.append(" ["), *access.call_id);
    text += ']';
  }
  return text;
}

Json access_json(const Access& access) {
  const Level level = access.status >= 500 ? Level::kError : Level::kInfo;
  Json line = json_line(level, access_text(access));
  line["method"] = access.method;
  line["path"] = access.target;
  line["status"] = access.status;
  line["bytes"] = access.bytes;
  line["duration_seconds"] = seconds(access.duration);
  line["remote"] = access.remote;
  if (access.call_id) line["call_id"] = *access.call_id;
  if (!access.failure.empty()) line["failure"] = access.failure;
  if (!access.detail.empty()) line["detail"] = access.detail;
  return line;
}

void report_drops(Log& log) {
  const uint64_t dropped = log.dropped;
  if (dropped == log.reported_drops || !log.err.empty() || !log.out.empty()) return;
  write_locked(log, Level::kWarning,
               fmt::format("{} log lines were dropped because nobody read them",
                           dropped - log.reported_drops));
  log.reported_drops = dropped;
}

void flush_locked(Log& log) {
  for (Output* output : {&log.err, &log.out}) {
    if (!output->write_out()) ++log.dropped;
  }
  report_drops(log);
  log.waiting = !log.err.empty() || !log.out.empty();
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
  log.settings = settings;
}

void write(Level level, std::string_view message) {
  Log& log = the_log();
  const std::lock_guard lock(log.mutex);
  write_locked(log, level, message);
}

void function_line(Source source, std::string_view text) {
  Log& log = the_log();
  const std::lock_guard lock(log.mutex);
  Output& output = source == Source::kOut ? log.out : log.err;
  const std::string_view name = source == Source::kOut ? "stdout" : "stderr";
  if (log.settings.format == Format::kJson) {
    Json line = json_line(Level::kInfo, text);
    line["stream"] = name;
    add(log, output, dump(line));
    return;
  }
  if (!log.settings.prefix_function_lines) {
    add(log, output, text);
    return;
  }
  log.line.assign(log.stamp.text()).append(name).append(": ").append(text);
  add(log, output, log.line);
}

void access(const Access& access) {
  Log& log = the_log();
  const std::lock_guard lock(log.mutex);
  if (log.settings.format == Format::kJson) {
    add(log, log.err, dump(access_json(access)));
    return;
  }
  log.line.assign(log.stamp.text()).append(access_text(access));
  add(log, log.err, log.line);
}

void flush() {
  Log& log = the_log();
  if (!log.waiting.load(std::memory_order_relaxed)) return;
  const std::lock_guard lock(log.mutex);
  flush_locked(log);
}

void flush_all(Duration patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  Log& log = the_log();
  for (;;) {
    flush();
    if (!log.waiting.load() || std::chrono::steady_clock::now() >= end) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

uint64_t dropped_lines() { return the_log().dropped; }

}  // namespace watchdog::log

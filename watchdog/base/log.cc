#include "base/log.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <utility>

#include "base/log_line.h"

namespace watchdog::log {

namespace {

constexpr size_t kMostBuffered = 1024 * 1024;
// A pipe that polls writable takes this much without blocking (POSIX, PIPE_BUF).
constexpr size_t kAlwaysTaken = 4096;
// From here on whoever has more to log should wait, as long as somebody reads.
constexpr size_t kCongested = 256 * 1024;
constexpr auto kDeadReader = std::chrono::seconds(1);
// More than any byte of a short line grows to, what is put before the line included.
constexpr size_t kMostGrowth = 16;
// A buffer that grew beyond this is given back once it is empty.
constexpr size_t kKeptBuffer = 64 * 1024;

// One of our two outputs and the lines that wait for it.
class Output {
 public:
  explicit Output(int fd) : fd_(fd) {}

  void use(int fd) {
    fd_ = fd;
    kind_ = Kind::kUnknown;
  }

  // False: there was no room, and the line is lost. One line always has room, however long.
  bool add(std::string_view line) {
    if (!empty() && waiting() + line.size() + 1 > kMostBuffered) return false;
    if (written_ > 0 && pending_.size() + line.size() + 1 > kMostBuffered) compact();
    pending_.append(line).append(1, '\n');
    return true;
  }

  bool empty() const { return waiting() == 0; }
  bool is_terminal() { return kind() == Kind::kTerminal; }
  bool congested() const {
    return waiting() > kCongested && std::chrono::steady_clock::now() < last_taken_ + kDeadReader;
  }
  // Enough room to be worth saying that lines were lost; a nearly full buffer would lose more.
  bool has_room() const { return waiting() <= kMostBuffered / 2; }
  int fd() const { return fd_; }

  // Writes what the other side takes now. When it is gone, what was waiting is too: returns how
  // many lines that were.
  uint64_t write_out() {
    while (!empty()) {
      size_t size = waiting();
      if (may_block()) {
        if (!writable()) return 0;
        size = std::min(size, kAlwaysTaken);
      }
      const ssize_t taken = ::write(fd_, pending_.data() + written_, size);
      if (taken < 0 && errno == EINTR) continue;
      if (taken < 0 && errno == EAGAIN) return 0;
      if (taken < 0) return give_up();
      written_ += static_cast<size_t>(taken);
      if (may_block()) last_taken_ = std::chrono::steady_clock::now();
    }
    clear();
    return 0;
  }

 private:
  enum class Kind { kUnknown, kFile, kTerminal, kPipe };

  size_t waiting() const { return pending_.size() - written_; }

  void compact() {
    pending_.erase(0, written_);
    written_ = 0;
  }

  void clear() {
    pending_.clear();
    written_ = 0;
    if (pending_.capacity() > kKeptBuffer) pending_.shrink_to_fit();
  }

  uint64_t give_up() {
    const auto lines =
        std::count(pending_.begin() + static_cast<ptrdiff_t>(written_), pending_.end(), '\n');
    clear();
    return static_cast<uint64_t>(lines);
  }

  bool may_block() { return kind() != Kind::kFile; }

  Kind kind() {
    if (kind_ != Kind::kUnknown) return kind_;
    struct stat status {};
    if (::fstat(fd_, &status) == 0 && S_ISREG(status.st_mode)) return kind_ = Kind::kFile;
    kind_ = ::isatty(fd_) == 1 ? Kind::kTerminal : Kind::kPipe;
    if (kind_ == Kind::kTerminal) reopen_without_blocking();
    return kind_;
  }

  // A terminal that says it has room may have less of it than we write. Its other users must not
  // notice, so we get a description of our own.
  void reopen_without_blocking() {
    const std::string path = fmt::format("/proc/self/fd/{}", fd_);
    const int fd = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0) fd_ = fd;  // for as long as the process lives
  }

  bool writable() const {
    pollfd ask{.fd = fd_, .events = POLLOUT, .revents = 0};
    return ::poll(&ask, 1, 0) == 1;
  }

  int fd_;
  Kind kind_ = Kind::kUnknown;
  std::string pending_;
  size_t written_ = 0;  // of pending_
  Instant last_taken_{};
};

struct Log {
  std::mutex mutex;
  LineFormat format;
  Output out{STDOUT_FILENO};
  Output err{STDERR_FILENO};
  uint64_t unreported_drops = 0;
  std::atomic<bool> waiting{false};  // there is something to flush
  std::atomic<bool> congested{false};
  std::atomic<uint64_t> dropped{0};
};

Log& the_log() {
  static Log log;
  return log;
}

void write_locked(Log& log, Level level, std::string_view message);

// Says how many lines were lost, as soon as there is room to say it.
void report_drops(Log& log) {
  if (log.unreported_drops == 0 || !log.err.has_room()) return;
  const uint64_t count = std::exchange(log.unreported_drops, 0);
  write_locked(log, Level::kWarning,
               fmt::format("{} log lines were dropped because nobody read them", count));
}

void add(Log& log, Output& output, std::string_view line) {
  log.waiting.store(true, std::memory_order_relaxed);
  if (output.add(line)) return;
  ++log.dropped;
  ++log.unreported_drops;
}

void write_locked(Log& log, Level level, std::string_view message) {
  add(log, log.err, log.format.message(level, message));
}

// Lines for an output that is gone are counted, but there is nobody to tell.
void write_out(Log& log) {
  for (Output* output : {&log.err, &log.out}) log.dropped += output->write_out();
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
    for (const Output* output : {&log.err, &log.out}) {
      if (!output->empty()) asked[count++] = {.fd = output->fd(), .events = POLLOUT, .revents = 0};
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
  write_locked(log, level, message);
}

void function_line(Source source, std::string_view text) {
  Log& log = the_log();
  const std::lock_guard lock(log.mutex);
  Output& output = source == Source::kOut ? log.out : log.err;
  add(log, output, log.format.function_line(source, text, output.is_terminal()));
}

size_t fitting(Source source, std::string_view text, size_t longest) {
  if (text.size() < longest / kMostGrowth) return text.size();
  Log& log = the_log();
  const std::lock_guard lock(log.mutex);
  return log.format.fitting(source, text, longest);
}

void access(const Access& access) {
  Log& log = the_log();
  const std::lock_guard lock(log.mutex);
  add(log, log.err, log.format.access(access));
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

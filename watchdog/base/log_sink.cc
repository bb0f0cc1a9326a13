#include "base/log_sink.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

namespace watchdog::log {

namespace {

constexpr size_t kMostBuffered = 1024 * 1024;
// A pipe that polls writable takes this much without blocking (POSIX, PIPE_BUF).
constexpr size_t kAlwaysTaken = 4096;
// From here on whoever has more to log should wait, as long as somebody reads.
constexpr size_t kCongested = 256 * 1024;
constexpr auto kDeadReader = std::chrono::seconds(1);
// A buffer that grew beyond this is given back once it is empty.
constexpr size_t kKeptBuffer = 64 * 1024;

}  // namespace

void Sink::use(int fd) {
  fd_ = fd;
  kind_ = Kind::kUnknown;
}

bool Sink::add(std::string_view line) {
  if (!empty() && waiting() + line.size() + 1 > kMostBuffered) return false;
  if (written_ > 0 && pending_.size() + line.size() + 1 > kMostBuffered) compact();
  pending_.append(line).append(1, '\n');
  return true;
}

bool Sink::congested() const {
  return waiting() > kCongested && std::chrono::steady_clock::now() < last_taken_ + kDeadReader;
}

// A nearly full buffer would lose more.
bool Sink::has_room() const {
  return waiting() <= kMostBuffered / 2;
}

uint64_t Sink::write_out() {
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

void Sink::compact() {
  pending_.erase(0, written_);
  written_ = 0;
}

void Sink::clear() {
  pending_.clear();
  written_ = 0;
  if (pending_.capacity() > kKeptBuffer) pending_.shrink_to_fit();
}

uint64_t Sink::give_up() {
  const auto lines =
      std::count(pending_.begin() + static_cast<ptrdiff_t>(written_), pending_.end(), '\n');
  clear();
  return static_cast<uint64_t>(lines);
}

bool Sink::writable() const {
  pollfd asked{.fd = fd_, .events = POLLOUT, .revents = 0};
  return ::poll(&asked, 1, 0) == 1;
}

Sink::Kind Sink::kind() {
  if (kind_ != Kind::kUnknown) return kind_;
  struct stat status {};
  if (::fstat(fd_, &status) == 0 && S_ISREG(status.st_mode)) return kind_ = Kind::kFile;
  kind_ = ::isatty(fd_) == 1 ? Kind::kTerminal : Kind::kPipe;
  if (kind_ == Kind::kTerminal) reopen_without_blocking();
  return kind_;
}

// A terminal that polls writable may have less room than we write, and O_NONBLOCK belongs to the
// open file that it shares with others: so this opens one of its own.
void Sink::reopen_without_blocking() {
  const std::string path = fmt::format("/proc/self/fd/{}", fd_);
  const int fd = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd >= 0) fd_ = fd;  // for as long as the process lives
}

}  // namespace watchdog::log

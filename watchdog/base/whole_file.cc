#include "base/whole_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/fd.h"

namespace watchdog {

namespace {

Error unreadable(const std::string& path, int error) {
  return Error{fmt::format("{}: {}", path, strerror(error))};
}

}  // namespace

Result<std::string> read_whole_file(const std::string& path, size_t most_bytes) {
  // Without O_NONBLOCK a FIFO would hold us until somebody writes to it.
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return unreadable(path, errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return unreadable(path, errno);
  if (!S_ISREG(status.st_mode)) return Error{path + ": not a file"};
  std::string content(most_bytes + 1, '\0');
  size_t size = 0;
  while (size < content.size()) {
    const ssize_t got = ::read(file.get(), content.data() + size, content.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unreadable(path, errno);
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  if (size > most_bytes) return Error{fmt::format("{}: more than {} bytes", path, most_bytes)};
  content.resize(size);
  return content;
}

}  // namespace watchdog

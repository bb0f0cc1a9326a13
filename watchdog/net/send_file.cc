#include "net/send_file.h"

#include <sys/sendfile.h>

#include <cerrno>

namespace watchdog {

FileSent send_file(int socket, int file, uint64_t offset, uint64_t size) {
  FileSent sent;
  while (sent.bytes < size) {
    auto at = static_cast<off_t>(offset + sent.bytes);
    const ssize_t taken = ::sendfile(socket, file, &at, size - sent.bytes);
    if (taken > 0) {
      sent.bytes += static_cast<uint64_t>(taken);
      continue;
    }
    if (taken == 0) return {sent.bytes, ENODATA};
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EINVAL) break;  // EINVAL: not from this file system
    return {sent.bytes, errno};
  }
  return sent;
}

bool is_connection_error(int error) {
  return error == EPIPE || error == ECONNRESET;
}

}  // namespace watchdog

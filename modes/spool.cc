#include "modes/spool.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace watchdog {

namespace {

Fd nameless_file(const char* folder) {
  Fd file(::open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file) return file;
  // Some file systems have no O_TMPFILE.
  std::string path = std::string(folder) + "/fwatchdog-XXXXXX";
  file = Fd(::mkostemp(path.data(), O_CLOEXEC));
  if (file) ::unlink(path.c_str());
  return file;
}

Fd open_spool() {
  const char* folder = std::getenv("TMPDIR");
  Fd file = nameless_file(folder != nullptr ? folder : "/tmp");
  if (!file) file = Fd(::memfd_create("fwatchdog-body", MFD_CLOEXEC));  // nothing can be written
  return file;
}

}  // namespace

int Spool::append(std::string_view bytes) {
  if (!file_ && memory_.size() + bytes.size() <= kMostInMemory) {
    memory_.append(bytes);
    size_ += bytes.size();
    return 0;
  }
  return write_to_file(bytes);
}

int Spool::write_to_file(std::string_view bytes) {
  if (!file_) {
    file_ = open_spool();
    if (!file_) return errno;
    size_ = 0;
    const std::string begun = std::move(memory_);
    if (const int error = write_to_file(begun)) return error;
  }
  while (!bytes.empty()) {
    const ssize_t written =
        ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(size_));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return written < 0 ? errno : EIO;
    size_ += static_cast<size_t>(written);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return 0;
}

int Spool::read(uint64_t offset, size_t most, std::string& out) const {
  if (!file_) {
    out.append(memory_, offset, most);
    return 0;
  }
  const size_t before = out.size();
  out.resize(before + most);
  const ssize_t size = ::pread(file_.get(), out.data() + before, most, static_cast<off_t>(offset));
  out.resize(before + static_cast<size_t>(size > 0 ? size : 0));
  return size < 0 ? errno : 0;
}

Fd Spool::take_file(int& error) {
  error = write_to_file({});
  return error == 0 ? std::move(file_) : Fd();
}

}  // namespace watchdog

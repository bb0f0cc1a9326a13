#include "server/spool.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/text.h"

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

}  // namespace

int Spool::append(std::string_view bytes) {
  const uint64_t most = in_memory_ && file_ ? limits_.in_memory : limits_.in_file;
  if (bytes.size() > most || size_ > most - bytes.size()) return kBeyondLimit;
  if (!file_ && memory_.size() + bytes.size() <= kMostInMemory) {
    memory_.append(bytes);
    size_ += bytes.size();
    return 0;
  }
  return write_to_file(bytes);
}

int Spool::open_file() {
  const char* folder = std::getenv("TMPDIR");
  do {
    file_ = nameless_file(folder != nullptr ? folder : "/tmp");
  } while (!file_ && loop_.made_room(errno));
  in_memory_ = !file_;
  if (in_memory_) file_ = Fd(::memfd_create("fwatchdog-body", MFD_CLOEXEC));
  return file_ ? 0 : errno;
}

int Spool::write_to_file(std::string_view bytes) {
  if (!file_) {
    if (const int error = open_file()) return error;
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

ErrnoOr<Fd> Spool::take_file() {
  if (const int error = write_to_file({})) return Errno{error};
  return std::move(file_);
}

BodyRefusal explain_spool_error(int error, const CollectionLimits& limits) {
  if (error == Spool::kBeyondLimit) {
    return {Failure::kBodyTooLarge,
            fmt::format("the body is larger than what is collected, {} in a file and {} in memory; "
                        "max_body_size sets another limit",
                        format_size(limits.in_file), format_size(limits.in_memory))};
  }
  return {Failure::kOutOfResources,
          fmt::format("the body cannot be kept: {}; make room in TMPDIR, or set max_body_size",
                      strerror(error))};
}

}  // namespace watchdog

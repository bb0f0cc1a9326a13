#include "auth/watched_file.h"

#include <cerrno>
#include <chrono>
#include <utility>

#include "base/whole_file.h"

namespace watchdog {

namespace {

constexpr auto kLookEvery = std::chrono::seconds(1);

bool same(const timespec& a, const timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool same(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
         same(a.st_mtim, b.st_mtim) && same(a.st_ctim, b.st_ctim);
}

}  // namespace

WatchedFile::WatchedFile(Loop& loop, std::string path, size_t most_bytes, OnRead on_read)
    : path_(std::move(path)),
      most_bytes_(most_bytes),
      on_read_(std::move(on_read)),
      next_look_(loop, [this] { look(); }) {
  look();
}

void WatchedFile::look() {
  next_look_.set_after(kLookEvery);
  struct stat status {};
  const int error = ::stat(path_.c_str(), &status) == 0 ? 0 : errno;
  if (error == seen_error_ && same(status, seen_)) return;
  seen_error_ = error;
  seen_ = status;
  on_read_(read_whole_file(path_, most_bytes_));
}

}  // namespace watchdog

#include "modes/static/folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstring>
#include <deque>
#include <optional>
#include <string_view>
#include <vector>

namespace watchdog {

namespace {

constexpr int kToLook = O_PATH | O_CLOEXEC;
constexpr int kStep = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr int kMostLinks = 40;  // as the kernel's

// Whether openat2() works here: an old seccomp filter may answer EPERM for what it does not know.
std::atomic<bool> has_openat2 = true;

Fd openat2_beneath(int folder, const char* name, int flags) {
  open_how how{};
  how.flags = static_cast<uint64_t>(flags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return Fd(static_cast<int>(::syscall(SYS_openat2, folder, name, &how, sizeof how)));
}

// Walks from a folder to a file, one name at a time.
class BeneathResolver {
 public:
  BeneathResolver(int folder, std::string_view name, int flags) : top_(folder), flags_(flags) {
    add_names(name);
  }

  ErrnoOr<Fd> run() {
    while (!names_.empty()) {
      const std::string name = std::move(names_.front());
      names_.pop_front();
      if (name == "..") {
        if (path_.empty()) return Errno{EXDEV};
        path_.pop_back();
        continue;
      }
      const bool last = names_.empty();
      Fd next(::openat(here(), name.c_str(), last ? flags_ | O_NOFOLLOW : kStep));
      if (!next) {
        const int error = errno;
        if (error != ELOOP && error != ENOTDIR) return Errno{error};
        if (const int problem = follow(name, error)) return Errno{problem};
        continue;
      }
      // O_PATH opens a link itself, where reading would fail.
      if (last && is_link(next.get())) {
        if (const int problem = follow(name, ELOOP)) return Errno{problem};
        continue;
      }
      if (last) return next;
      path_.push_back(std::move(next));
    }
    Fd folder(::openat(here(), ".", flags_));
    if (!folder) return Errno{errno};
    return folder;
  }

 private:
  bool is_link(int file) const {
    struct stat status {};
    return (flags_ & O_PATH) != 0 && ::fstat(file, &status) == 0 && S_ISLNK(status.st_mode);
  }

  int here() const { return path_.empty() ? top_ : path_.back().get(); }

  // Puts the link's target in place of its name. `otherwise` is the errno when it is no link.
  int follow(const std::string& name, int otherwise) {
    std::array<char, PATH_MAX> target;
    const ssize_t size = ::readlinkat(here(), name.c_str(), target.data(), target.size());
    if (size <= 0) return otherwise;
    if (++links_ > kMostLinks) return ELOOP;
    if (target[0] == '/') return EXDEV;
    add_names({target.data(), static_cast<size_t>(size)});
    return 0;
  }

  // In front of the names that are still to be walked.
  void add_names(std::string_view path) {
    std::deque<std::string> added;
    while (!path.empty()) {
      const size_t slash = std::min(path.find('/'), path.size());
      const std::string_view name = path.substr(0, slash);
      path.remove_prefix(std::min(slash + 1, path.size()));
      if (!name.empty() && name != ".") added.emplace_back(name);
    }
    names_.insert(names_.begin(), added.begin(), added.end());
  }

  int top_;
  int flags_;
  std::vector<Fd> path_;
  std::deque<std::string> names_;
  int links_ = 0;
};

}  // namespace

ErrnoOr<Fd> open_by_steps(int folder, const std::string& name, int flags) {
  return BeneathResolver(folder, name, flags).run();
}

Result<Folder> Folder::hold(const std::string& path, Links links) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd) return Folder(std::move(fd), links);
  const std::string problem = errno == ENOENT ? "there is no such folder"
                              : errno == ENOTDIR
                                  ? "it is not a folder"
                                  : fmt::format("cannot open it: {}", strerror(errno));
  return Error{fmt::format("{}: {}; name the folder to serve", path, problem)};
}

ErrnoOr<Fd> Folder::open(const std::string& name) const {
  return open_as(name, kOpenToRead);
}

ErrnoOr<Fd> Folder::open_as(const std::string& name, int flags) const {
  if (links_ == Links::kAnywhere) {
    Fd fd(::openat(fd_.get(), name.c_str(), flags));
    if (!fd) return Errno{errno};
    return fd;
  }
  if (has_openat2.load(std::memory_order_relaxed)) {
    Fd fd = openat2_beneath(fd_.get(), name.c_str(), flags);
    while (!fd && errno == EAGAIN) {  // a rename raced
      fd = openat2_beneath(fd_.get(), name.c_str(), flags);
    }
    if (fd) return fd;
    if (errno != ENOSYS && errno != EPERM) return Errno{errno};
    has_openat2.store(false, std::memory_order_relaxed);
  }
  return open_by_steps(fd_.get(), name, flags);
}

int Folder::look_at(const std::string& name, struct stat& out) const {
  return ::fstatat(fd_.get(), name.c_str(), &out, 0) == 0 ? 0 : errno;
}

int Folder::look_at_link(const std::string& name, struct stat& out) const {
  return ::fstatat(fd_.get(), name.c_str(), &out, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
}

int Folder::look_below(const std::string& name, struct stat& out) const {
  if (links_ == Links::kAnywhere) return look_at(name, out);
  ErrnoOr<Fd> opened = open_as(name, kToLook);
  if (!opened) return opened.error();
  return ::fstat(opened->get(), &out) == 0 ? 0 : errno;
}

struct stat Folder::status() const {
  struct stat status {};
  ::fstat(fd_.get(), &status);
  return status;
}

}  // namespace watchdog

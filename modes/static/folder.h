#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <string>

#include "base/errno_or.h"
#include "base/fd.h"
#include "base/result.h"

namespace watchdog {

// Which symbolic links of a folder are followed: those that stay inside it, or all.
enum class Links { kInside, kAnywhere };

// Flags of open(2) for a file that is read; never waits for a FIFO's writer.
inline constexpr int kOpenToRead = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

// A folder that is held open. With Links::kInside whatever is opened through it lies below it,
// however symbolic links are laid and whatever is moved meanwhile. With Links::kAnywhere links are
// followed as the kernel does, and only names are confined: they have no "..".
class Folder {
 public:
  // The error begins with the path.
  static Result<Folder> hold(const std::string& path, Links links = Links::kInside);

  // Opens `name`, relative and without "..", to be read; never waits for a FIFO's writer.
  // EXDEV: a symbolic link leads out.
  ErrnoOr<Fd> open(const std::string& name) const;
  // Looks at `name` without opening it, following links wherever they lead: good for comparing and
  // to tell what not to open, no proof that it lies below. Returns an errno, 0 when all is well.
  int look_at(const std::string& name, struct stat& out) const;
  // Looks at the link when `name` is one.
  int look_at_link(const std::string& name, struct stat& out) const;
  // Looks at `name` without opening it to be read, by the links that open() follows.
  int look_below(const std::string& name, struct stat& out) const;
  // Looks at the folder itself.
  struct stat status() const;

  Links links() const { return links_; }

 private:
  Folder(Fd fd, Links links) : fd_(std::move(fd)), links_(links) {}
  ErrnoOr<Fd> open_as(const std::string& name, int flags) const;

  Fd fd_;
  Links links_;
};

// How Folder opens where openat2() is missing (before Linux 5.6) or filtered out: a step at a
// time, never through a link that it has not read itself.
ErrnoOr<Fd> open_by_steps(int folder, const std::string& name, int flags = kOpenToRead);

}  // namespace watchdog

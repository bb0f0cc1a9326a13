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

// A folder that is held open by a descriptor. With Links::kInside every file opened through it lies
// below it (openat2() with RESOLVE_BENEATH), however symbolic links are laid and files are moved
// meanwhile. With Links::kAnywhere the kernel follows links as usual, and only names are confined:
// they have no "..".
class Folder {
 public:
  // The error begins with the path.
  static Result<Folder> hold(const std::string& path, Links links = Links::kInside);

  // Opens `name`, relative and without "..", for reading. Never waits for a FIFO's writer. EXDEV
  // means that a symbolic link leads out of the folder.
  ErrnoOr<Fd> open(const std::string& name) const;
  // Gives the state of `name` without opening it. May follow links out of the folder: use it only
  // to compare with a cached identity or to skip a file, never to decide that it may be served.
  // Returns an errno, or 0.
  int look_at(const std::string& name, struct stat& out) const;
  // Like look_at(), but gives the state of the link itself where `name` is one.
  int look_at_link(const std::string& name, struct stat& out) const;
  // Like look_at(), but follows only the links that open() follows.
  int look_below(const std::string& name, struct stat& out) const;
  // The state of the folder itself.
  struct stat status() const;

  Links links() const { return links_; }

 private:
  Folder(Fd fd, Links links) : fd_(std::move(fd)), links_(links) {}
  ErrnoOr<Fd> open_as(const std::string& name, int flags) const;

  Fd fd_;
  Links links_;
};

// Opens a file as Folder does where openat2() is missing (before Linux 5.6) or filtered out: one
// openat() per name, reading each symbolic link itself.
ErrnoOr<Fd> open_by_steps(int folder, const std::string& name, int flags = kOpenToRead);

}  // namespace watchdog

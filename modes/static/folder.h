#pragma once

#include <sys/stat.h>

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace watchdog {

// What came of opening a file: a descriptor, or an errno. EXDEV: a symbolic link leads out.
struct Opening {
  Fd fd{};
  int error = 0;
};

// A folder that is held open: whatever is opened through it lies below it, however symbolic links
// are laid and whatever is moved meanwhile.
class Folder {
 public:
  // The error begins with the path.
  static Result<Folder> hold(const std::string& path);

  // Opens `name`, relative and without "..", to be read; never waits for a FIFO's writer.
  Opening open(const std::string& name) const;
  // Looks at `name` without opening it, following links wherever they lead: good for comparing and
  // to tell what not to open, no proof that it lies below. Returns an errno, 0 when all is well.
  int look_at(const std::string& name, struct stat& out) const;

 private:
  explicit Folder(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

// How Folder opens where openat2() is missing (before Linux 5.6) or filtered out: a step at a
// time, never through a link that it has not read itself.
Opening open_by_steps(int folder, const std::string& name);

}  // namespace watchdog

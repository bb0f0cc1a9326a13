#pragma once

#include <sys/stat.h>

#include <functional>
#include <string>

#include "base/result.h"
#include "net/loop.h"
#include "net/timer.h"

namespace watchdog {

// A small file that is read again, within a second, whenever it has changed: also when another one
// was renamed to its name, or a link on its way swapped, as Kubernetes does with what it mounts
// from a Secret or ConfigMap. It is looked at once a second (stat(2)), since inotify(7) does not
// see what happens to a link's target. On the loop that it is given.
class WatchedFile {
 public:
  // The whole content, or why it cannot be read, for a person.
  using OnRead = std::function<void(Result<std::string> content)>;

  // Calls `on_read` at once, in the constructor, and after each change.
  WatchedFile(Loop& loop, std::string path, size_t most_bytes, OnRead on_read);

 private:
  void look();

  const std::string path_;
  const size_t most_bytes_;
  const OnRead on_read_;
  struct stat seen_ {};
  int seen_error_ = 0;
  Timer next_look_;
};

}  // namespace watchdog

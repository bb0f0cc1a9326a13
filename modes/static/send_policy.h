#pragma once

#include <sys/stat.h>

#include <string_view>

namespace watchdog {

// Decides which files of a folder may be sent; to a client all other files are missing. It is asked
// about the file that a name leads to, and again about the file that was opened.
class SendPolicy {
 public:
  virtual ~SendPolicy() = default;
  // `name`: relative to the folder. `status`: of the regular file that it leads to.
  virtual bool may_send(std::string_view name, const struct stat& status) const = 0;
};

}  // namespace watchdog

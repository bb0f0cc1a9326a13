#pragma once

#include <sys/stat.h>

#include <string_view>

namespace watchdog {

// Decides which files of a folder may be sent; all other files are missing, for a client. Asked with
// what is found under a name, and again with what was opened.
class SendPolicy {
 public:
  virtual ~SendPolicy() = default;
  // `name`: relative to the folder. `status`: of the regular file that it leads to.
  virtual bool may_send(std::string_view name, const struct stat& status) const = 0;
};

}  // namespace watchdog

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"

namespace watchdog {

// The number of processes that the kernel has killed in our control group to get memory (the OOM
// killer): `oom_kill` in memory.events (cgroup v2) or in memory.oom_control (v1). The file is
// opened once, so that reading it is one system call. May be used from any thread.
class MemoryKills {
 public:
  explicit MemoryKills(const std::string& control_groups = "/sys/fs/cgroup",
                       const std::string& own_groups = "/proc/self/cgroup");

  // Returns 0 where it cannot be told.
  uint64_t read() const;

  // Returns the files that may have the count, best first. `own_groups` is the text of
  // /proc/self/cgroup. A container may see its own group as the root of the tree, whatever path
  // that text says.
  static std::vector<std::string> places(const std::string& control_groups,
                                         std::string_view own_groups);

 private:
  Fd file_;
};

}  // namespace watchdog

#include "modes/gateway/repaired_head.h"

#include <algorithm>
#include <mutex>
#include <vector>

#include "base/log.h"

namespace watchdog {

void warn_of_repair(std::string_view repaired) {
  if (repaired.empty()) return;
  static std::mutex mutex;
  static std::vector<std::string_view> said;  // all of them are constants
  {
    const std::lock_guard lock(mutex);
    if (std::ranges::find(said, repaired) != said.end()) return;
    said.push_back(repaired);
  }
  log::event(log::Level::kWarning, "head_mended",
             fmt::format("the head of the function's answer was mended: {} (said once)", repaired),
             {{"cause", repaired}});
}

}  // namespace watchdog

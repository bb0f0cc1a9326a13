#include "config/config.h"

#include <algorithm>
#include <limits>

namespace watchdog {

Duration stop_timeout(const Config& config) {
  if (config.stop_timeout) return std::min(*config.stop_timeout, config.shutdown_timeout);
  return std::min<Duration>(std::chrono::seconds(2), config.shutdown_timeout / 4);
}

CollectionLimits collection_limits(const Config& config) {
  constexpr uint64_t kMiB = 1024 * 1024;
  if (!config.max_body_size) return {64 * kMiB, 1024 * kMiB};
  const uint64_t most =
      *config.max_body_size != 0 ? *config.max_body_size : std::numeric_limits<uint64_t>::max();
  return {most, most};
}

}  // namespace watchdog

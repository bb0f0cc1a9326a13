#pragma once

#include <fmt/format.h>

#include <string>

#include "base/time.h"

namespace watchdog {

// "1.234567": what X-Duration-Seconds says.
inline std::string duration_text(Duration duration) {
  return fmt::format("{:.6f}", seconds(duration));
}

}  // namespace watchdog

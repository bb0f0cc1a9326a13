#pragma once

#include <string>

#include "base/text.h"

namespace watchdog {

// "1.234567": what X-Duration-Seconds says.
inline std::string duration_text(Duration duration) {
  std::string text;
  append_seconds(text, duration, 6);
  return text;
}

}  // namespace watchdog

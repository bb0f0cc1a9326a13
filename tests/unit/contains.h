#pragma once

#include <string>
#include <string_view>

namespace watchdog {

// Whether `part` stands anywhere in `text`.
inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace watchdog

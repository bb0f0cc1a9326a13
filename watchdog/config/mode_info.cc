#include "config/mode_info.h"

#include <algorithm>

#include "config/config.h"

namespace watchdog {

const ModeInfo* find_mode(std::string_view name) {
  const auto modes = all_modes();
  const auto found = std::find_if(modes.begin(), modes.end(),
                                  [name](const ModeInfo& mode) { return mode.name == name; });
  return found == modes.end() ? nullptr : &*found;
}

std::optional<std::string> problem_of_mode(const Config& config) {
  return config.mode.problem == nullptr ? std::nullopt : config.mode.problem(config);
}

std::string names_of(const ModeSet& modes) {
  std::string names;
  std::string others;
  size_t excluded = 0;
  for (const ModeInfo& mode : all_modes()) {
    std::string& list = modes.contains(mode) ? names : others;
    if (!list.empty()) list += ", ";
    list += mode.name;
    if (!modes.contains(mode)) ++excluded;
  }
  return excluded == 1 ? "not " + others : names;
}

}  // namespace watchdog

#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace watchdog {

// How a port that the platform has chosen is spelled.
inline constexpr const char* kPlatformPort = "PORT";

// Which options the user has set.
struct GivenOptions {
  std::map<std::string_view, std::string>
      spellings;                          // an Option's name, and how the user spelled it
  std::set<std::string_view> at_default;  // set to the default, or not at all

  bool contains(std::string_view name) const { return spellings.contains(name); }
};

// What is wrong with options together that are right one by one. One line each.
std::vector<std::string> config_errors(const Config& config, const GivenOptions& given);
// Options without effect, values that others overrule, and what is probably not meant. One line
// each.
std::vector<std::string> config_warnings(const Config& config, const GivenOptions& given);

}  // namespace watchdog

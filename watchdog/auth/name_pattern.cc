#include "auth/name_pattern.h"

namespace watchdog {

bool matches_pattern(std::string_view pattern, std::string_view name) {
  size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == name;
  if (!name.starts_with(pattern.substr(0, star))) return false;
  name.remove_prefix(star);
  pattern.remove_prefix(star + 1);
  // What stands between two stars is taken where it comes first: that leaves most for the rest, so
  // that nothing is ever tried again.
  while ((star = pattern.find('*')) != std::string_view::npos) {
    const size_t at = name.find(pattern.substr(0, star));
    if (at == std::string_view::npos) return false;
    name.remove_prefix(at + star);
    pattern.remove_prefix(star + 1);
  }
  return name.ends_with(pattern);
}

}  // namespace watchdog

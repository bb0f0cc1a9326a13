#pragma once

#include <string_view>

namespace watchdog {

// Whether the pattern describes the whole of `name`: '*' stands for any run of characters, also for
// none, and every other character for itself. "ns:env" does not match "ns:env2", nor does it match
// "my-ns:env". The time is linear in the pattern, and at most quadratic in the name, which is ours.
bool matches_pattern(std::string_view pattern, std::string_view name);

}  // namespace watchdog

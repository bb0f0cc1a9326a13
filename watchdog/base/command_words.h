#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace watchdog {

// Splits a command line into words as a POSIX shell does, with single and double quotes and
// backslashes, without any expansion. A text that starts with '[' is a JSON array of strings, which
// are taken as they stand. There is at least one word when it succeeds.
Result<std::vector<std::string>> split_command(std::string_view text);

}  // namespace watchdog

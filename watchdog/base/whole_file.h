#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace watchdog {

// Reads a file of at most `most_bytes`. The error names it.
Result<std::string> read_whole_file(const std::string& path, size_t most_bytes);

}  // namespace watchdog

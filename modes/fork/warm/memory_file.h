#pragma once

#include <string_view>

#include "base/fd.h"

namespace watchdog {

// Returns a memfd that has `content` and is sealed: who gets it may read it, may trust that it does
// not shrink, and can do no more. `flags` are more of memfd_create(2). None with an errno.
Fd make_memory_file(const char* name, std::string_view content, unsigned flags = 0);

}  // namespace watchdog

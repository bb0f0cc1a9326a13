#pragma once

namespace watchdog {

// Whether the program at `path` is one without a dynamic loader, which is what preloads libraries.
// False for what cannot be read, and for a script: its interpreter shows later what it is.
bool is_static_program(const char* path);

}  // namespace watchdog

#pragma once

namespace watchdog {

// What to do when the function's server ends without having been asked to.
enum class Restart { kNo, kOnFailure, kAlways };

}  // namespace watchdog

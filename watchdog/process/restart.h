#pragma once

namespace watchdog {

// What to do when the warm process ends unasked.
enum class Restart { kNo, kOnFailure, kAlways };

}  // namespace watchdog

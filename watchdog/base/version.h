#pragma once

namespace watchdog {

// What --version prints: the last tag and the commits since then, or what the build was told.
extern const char kVersion[];
// The same as a product (RFC 9110 10.1.5): "fwatchdog/0.1.0".
extern const char kProduct[];

}  // namespace watchdog

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace watchdog {

// A Go duration ("1m30s", "250ms", ".5s", "1.5h"), or a bare integer: seconds. Never negative;
// finer than a nanosecond is cut off.
Result<Duration> parse_duration(std::string_view text);

// As a Go duration prints: "30s", "1m30s", "1h0m0s", "250ms", "5us", "0s". Not for negatives.
std::string format_duration(Duration duration);

// Bytes: a bare integer, or one with a unit, case ignored: k/kb/ki/kib, m/mb/mi/mib, g/gb/gi/gib.
// Every unit is a power of 1024, as in nginx and Docker.
Result<uint64_t> parse_size(std::string_view text);

// A text that parse_size() takes: "64MiB" where that is exact, else bytes.
std::string format_size(uint64_t bytes);

// 1/0, true/false, yes/no, on/off, case ignored.
Result<bool> parse_bool(std::string_view text);

// A whole decimal number from `least` to `most`: digits with nothing around them, and a minus sign
// only where `least` is below 0.
Result<int64_t> parse_integer(std::string_view text, int64_t least, int64_t most);

// A command line as a POSIX shell splits it into words: single and double quotes, backslash; no
// expansion of any kind. Text that starts with '[' is a JSON array of strings, taken as it stands.
// Never empty when ok.
Result<std::vector<std::string>> split_command(std::string_view text);

// Percent-decoding (RFC 3986 2.1); '+' stays '+'. Fails on a malformed escape and on %00.
Result<std::string> percent_decode(std::string_view text);

// RFC 4648 4, padded.
std::string base64(std::string_view bytes);

// Equal but for ASCII case.
bool equals_ignoring_case(std::string_view a, std::string_view b);

// Without leading and trailing spaces and tabs.
std::string_view trim(std::string_view text);

// Appends a whole number in decimal.
void append_number(std::string& out, uint64_t number);
// Appends seconds with so many decimals, rounded: "1.2346".
void append_seconds(std::string& out, Duration duration, int decimals);

// "39B", "1.5kB", "2MB": decimal units, four significant digits, as the peers' log line prints
// sizes.
std::string human_size(uint64_t bytes);

}  // namespace watchdog

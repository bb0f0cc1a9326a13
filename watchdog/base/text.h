#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace watchdog {

// Takes a Go duration ("1m30s", "250ms", ".5s", "1.5h") or a bare integer, which is seconds.
// Refuses negative ones; what is finer than a nanosecond is cut off.
Result<Duration> parse_duration(std::string_view text);

// Prints as Go does: "30s", "1m30s", "1h0m0s", "250ms", "5us", "0s". `duration` is not negative.
std::string format_duration(Duration duration);

// Takes bytes: a bare integer, or one with a unit of any case: k/kb/ki/kib, m/mb/mi/mib,
// g/gb/gi/gib. Every unit is a power of 1024, as in nginx and Docker.
Result<uint64_t> parse_size(std::string_view text);

// Prints what parse_size() takes: "64MiB" where that is exact, else bytes.
std::string format_size(uint64_t bytes);

// Takes 1/0, true/false, yes/no and on/off, of any case.
Result<bool> parse_bool(std::string_view text);

// Takes a whole decimal number from `least` to `most`: digits with nothing around them, and a minus
// sign only where `least` is below 0.
Result<int64_t> parse_integer(std::string_view text, int64_t least, int64_t most);

// Decodes percent-encoding (RFC 3986 2.1); '+' stays '+'. Fails on a malformed escape and on %00.
Result<std::string> percent_decode(std::string_view text);

// Encodes as RFC 4648 4 says, with padding.
std::string base64(std::string_view bytes);

// Whether both are equal but for the case of ASCII letters.
bool equals_ignoring_case(std::string_view a, std::string_view b);
// The same of the beginning of `text`.
bool starts_with_ignoring_case(std::string_view text, std::string_view start);

// Returns `text` without leading and trailing spaces and tabs.
std::string_view trim(std::string_view text);

// Whether a shell takes it for a variable's name: letters, digits and '_', no digit first.
bool is_variable_name(std::string_view text);

// Appends a whole number in decimal.
void append_number(std::string& out, uint64_t number);
// Appends seconds, rounded to `decimals` places: "1.2346".
void append_seconds(std::string& out, Duration duration, int decimals);
// Appends seconds to the nanosecond, without a zero at the end: "2.5", "0.005", "10".
void append_exact_seconds(std::string& out, Duration duration);

// "39B", "1.5kB", "2MB": decimal units, four significant digits, as the peers' log line prints
// sizes.
std::string human_size(uint64_t bytes);

}  // namespace watchdog

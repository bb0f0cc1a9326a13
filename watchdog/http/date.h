#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace watchdog {

// Formats as "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7).
std::string format_http_date(std::time_t time);

// Returns the current second in that format; the view lives until the next call of this thread in
// another second.
std::string_view http_date();

// Parses any of the three formats of RFC 9110 5.6.7; returns nothing for all else. A year of two
// digits that would lie more than 50 years after `now` is one of the past.
std::optional<std::time_t> parse_http_date(std::string_view text, std::time_t now);

}  // namespace watchdog

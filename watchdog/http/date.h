#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace watchdog {

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7).
std::string format_http_date(std::time_t time);

// The same of the current second; the view lives until this thread's next call in another second.
std::string_view http_date();

// Any of the three forms of RFC 9110 5.6.7; nothing for all else. A year of two digits that would
// lie more than 50 years ahead of `now` is one of the past.
std::optional<std::time_t> parse_http_date(std::string_view text, std::time_t now);

}  // namespace watchdog

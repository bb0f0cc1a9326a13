#include "http/connection_options.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "http/forwarded.h"
#include "http/message.h"

namespace watchdog {

namespace {

// Of framing and routing, of who asks and what may be answered, and of those who follow a request
// through a system.
constexpr std::array<std::string_view, 24> kEndToEnd = {
    "host",        "authorization", "cookie",    "set-cookie", "expect",
    "via",         "cache-control", "date",      "location",   "origin",
    "referer",     "accept",        "range",     "if-match",   "max-forwards",
    "traceparent", "tracestate",    "baggage",   "b3",         "x-request-id",
    "x-call-id",   "x-real-ip",     "x-timeout", "user-agent"};
constexpr std::array<std::string_view, 4> kEndToEndFamilies = {"content-", "x-forwarded-", "x-b3-",
                                                               "x-auth-"};

}  // namespace

bool is_end_to_end(std::string_view field) {
  return is_forwarded_field(field) ||
         std::ranges::any_of(
             kEndToEnd, [=](std::string_view one) { return equals_ignoring_case(field, one); }) ||
         std::ranges::any_of(kEndToEndFamilies, [=](std::string_view start) {
           return starts_with_ignoring_case(field, start);
         });
}

bool ConnectionOptions::read(const Fields& fields) {
  *this = ConnectionOptions();
  size_t count = 0;
  for (const Field& field : fields) {
    if (!equals_ignoring_case(field.name, "connection")) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const size_t comma = std::min(rest.find(','), rest.size());
      const std::string_view option = trim(rest.substr(0, comma));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
      if (option.empty()) continue;  // RFC 9110 5.6.1.2
      if (++count > kMost) return false;
      if (equals_ignoring_case(option, "close")) {
        close_ = true;
      } else if (equals_ignoring_case(option, "keep-alive")) {
        keep_alive_ = true;
      } else if (equals_ignoring_case(option, "upgrade")) {
        upgrade_ = true;
      } else if (!is_end_to_end(option)) {
        others_.push_back(option);
      }
    }
  }
  return true;
}

bool ConnectionOptions::name(std::string_view field) const {
  return std::ranges::any_of(
      others_, [field](std::string_view one) { return equals_ignoring_case(one, field); });
}

}  // namespace watchdog

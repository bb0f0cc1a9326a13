#pragma once

#include <ctime>
#include <optional>
#include <string_view>

#include "http/message.h"

namespace watchdog {

// The validators of one state of a resource (RFC 9110 8.8).
struct Validators {
  std::string_view etag;                       // with its quotes, and W/ when it is weak
  std::optional<std::time_t> last_modified{};  // unset: not known
};

enum class Precondition {
  kMet,          // answer as if there were none
  kNotModified,  // 304: the client has it already
  kFailed,       // 412
};

// Evaluates If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since of a request whose
// response would be 200, in the order of RFC 9110 13.2.2.
Precondition check_preconditions(const RequestHead& request, const Validators& current,
                                 std::time_t now);

// Whether If-Range, if there is one, lets Range count (RFC 9110 13.1.5).
bool range_may_apply(const RequestHead& request, const Validators& current, std::time_t now);

}  // namespace watchdog

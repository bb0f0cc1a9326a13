#pragma once

#include <span>
#include <string_view>
#include <variant>

#include "auth/token_problem.h"

namespace watchdog {

// The token of a request (RFC 6750 2.1), given the values of all its Authorization fields. The
// scheme is "Bearer" of any case (RFC 9110 11.1), one space or more, and the token, which is not
// looked into. kMissing where there is no such field, another scheme or no token; kMalformed where
// there is more than one field, of whatever scheme, or something behind the token: of two tokens
// another reader may take the other. Points into `values`.
std::variant<std::string_view, TokenProblem> bearer_token(std::span<const std::string_view> values);

}  // namespace watchdog

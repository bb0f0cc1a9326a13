#include "auth/bearer.h"

#include "base/text.h"

namespace watchdog {

std::variant<std::string_view, TokenProblem> bearer_token(
    std::span<const std::string_view> values) {
  if (values.empty()) return TokenProblem::kMissing;
  if (values.size() > 1) return TokenProblem::kMalformed;
  const std::string_view value = trim(values.front());
  const size_t space = value.find(' ');
  if (!equals_ignoring_case(value.substr(0, space), "Bearer")) return TokenProblem::kMissing;
  const size_t start = value.find_first_not_of(' ', space);
  if (start == std::string_view::npos || space == std::string_view::npos) {
    return TokenProblem::kMissing;
  }
  const std::string_view token = value.substr(start);
  if (token.find_first_of(" \t,") != std::string_view::npos) return TokenProblem::kMalformed;
  return token;
}

}  // namespace watchdog

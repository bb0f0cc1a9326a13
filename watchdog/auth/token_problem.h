#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/enum_table.h"

namespace watchdog {

// Every reason for which a token is refused.
enum class TokenProblem : uint8_t {
  kMissing,
  kTooLong,
  kMalformed,
  kAlgorithm,
  kCritical,
  kNoKeyId,
  kUnknownKey,
  kSignature,
  kIssuer,
  kAudience,
  kNoExpiry,
  kExpired,
  kNotYetValid,
  kPermissions,
};

struct TokenProblemInfo {
  TokenProblem problem;
  uint16_t status;            // of the response
  std::string_view word;      // a metric's label
  std::string_view sentence;  // for the client and the log; never a piece of the token
};

// One row per TokenProblem, in the order of the enum. The first and the last sentence are
// OpenFaaS'.
inline constexpr TokenProblemInfo kTokenProblems[] = {
    {TokenProblem::kMissing, 401, "missing", "Bearer must be present in Authorization header"},
    {TokenProblem::kTooLong, 401, "too_long", "the token is longer than 16 KB"},
    {TokenProblem::kMalformed, 401, "malformed", "the token is malformed"},
    {TokenProblem::kAlgorithm, 401, "algorithm",
     "the token's algorithm is neither RS256 nor ES256, or not its key's"},
    {TokenProblem::kCritical, 401, "critical_extension",
     "the token needs an extension (crit) that is not understood"},
    {TokenProblem::kNoKeyId, 401, "no_key_id", "the token does not name its key (kid)"},
    {TokenProblem::kUnknownKey, 401, "unknown_key",
     "the token's key (kid) is not one of the issuer's"},
    {TokenProblem::kSignature, 401, "signature", "the token's signature is wrong"},
    {TokenProblem::kIssuer, 401, "issuer", "the token is of another issuer"},
    {TokenProblem::kAudience, 401, "audience", "the token is for another audience"},
    {TokenProblem::kNoExpiry, 401, "no_expiry", "the token does not say when it expires (exp)"},
    {TokenProblem::kExpired, 401, "expired", "the token has expired"},
    {TokenProblem::kNotYetValid, 401, "not_yet_valid", "the token is not valid yet"},
    {TokenProblem::kPermissions, 403, "permissions", "insufficient permissions"},
};
static_assert(has_row_per_enumerator(kTokenProblems, &TokenProblemInfo::problem,
                                     TokenProblem::kPermissions));

constexpr const TokenProblemInfo& info(TokenProblem problem) {
  return kTokenProblems[static_cast<size_t>(problem)];
}

}  // namespace watchdog

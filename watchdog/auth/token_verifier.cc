#include "auth/token_verifier.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "auth/base64url.h"
#include "auth/json_object.h"
#include "auth/name_pattern.h"

namespace watchdog {

namespace {

using Claims = nlohmann::ordered_json;

constexpr double kLatestDate = 253'402'300'799;  // the last second of the year 9999

// The three segments of a JWS (RFC 7515 3.1), still encoded.
struct Segments {
  std::string_view header;
  std::string_view claims;
  std::string_view signature;
  std::string_view signed_text;  // the first two, and the dot between them
};

std::optional<Segments> split(std::string_view token) {
  const size_t first = token.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const size_t second = token.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  if (token.find('.', second + 1) != std::string_view::npos) return std::nullopt;
  return Segments{token.substr(0, first), token.substr(first + 1, second - first - 1),
                  token.substr(second + 1), token.substr(0, second)};
}

Result<Claims> decode_json(std::string_view segment) {
  const auto text = decode_base64url(segment);
  if (!text) return Error{"is not base64url"};
  return parse_json_object(*text);
}

std::variant<const PublicKey*, TokenProblem> key_for(std::string_view encoded_header,
                                                     const KeySet& keys) {
  const auto header = decode_json(encoded_header);
  if (!header) return TokenProblem::kMalformed;
  const std::string* const name = string_member(*header, "alg");
  const auto algorithm = name == nullptr ? std::nullopt : algorithm_of(*name);
  if (!algorithm) return TokenProblem::kAlgorithm;
  if (member(*header, "crit") != nullptr) return TokenProblem::kCritical;
  const std::string* const kid = string_member(*header, "kid");
  if (kid == nullptr || kid->empty()) return TokenProblem::kNoKeyId;
  if (const PublicKey* const key = keys.find(*kid, *algorithm)) return key;
  return keys.has(*kid) ? TokenProblem::kAlgorithm : TokenProblem::kUnknownKey;
}

bool is_list_of_strings(const Claims& list) {
  return list.is_array() &&
         std::all_of(list.begin(), list.end(), [](const Claims& item) { return item.is_string(); });
}

std::optional<TokenProblem> check_issuer(const Claims& claims, const std::string& issuer) {
  const std::string* const claim = string_member(claims, "iss");
  if (issuer.empty() || claim == nullptr || *claim != issuer) return TokenProblem::kIssuer;
  return std::nullopt;
}

std::optional<TokenProblem> check_audience(const Claims& claims, const std::string& audience) {
  const Claims* const claim = member(claims, "aud");
  if (claim == nullptr || audience.empty()) return TokenProblem::kAudience;
  if (!claim->is_string() && !is_list_of_strings(*claim)) return TokenProblem::kMalformed;
  const bool fits = claim->is_string()
                        ? *claim == audience
                        : std::find(claim->begin(), claim->end(), audience) != claim->end();
  if (!fits) return TokenProblem::kAudience;
  return std::nullopt;
}

// A NumericDate (RFC 7519 2). A double has every second of the allowed range exactly.
std::optional<double> date(const Claims& claim) {
  if (!claim.is_number()) return std::nullopt;
  const auto value = claim.get<double>();
  if (!(value >= 0 && value <= kLatestDate)) return std::nullopt;
  return value;
}

std::optional<TokenProblem> check_time(const Claims& claims, int64_t now) {
  const Claims* const exp = member(claims, "exp");
  if (exp == nullptr) return TokenProblem::kNoExpiry;
  const auto expires = date(*exp);
  if (!expires) return TokenProblem::kMalformed;
  const auto time = static_cast<double>(now);
  if (time >= *expires + kTokenLeeway) return TokenProblem::kExpired;
  const Claims* const nbf = member(claims, "nbf");
  if (nbf == nullptr) return std::nullopt;
  const auto begins = date(*nbf);
  if (!begins) return TokenProblem::kMalformed;
  if (time < *begins - kTokenLeeway) return TokenProblem::kNotYetValid;
  return std::nullopt;
}

bool matches_one(const Claims& patterns, const std::string& function) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const Claims& pattern) {
    return matches_pattern(*pattern.get_ptr<const Claims::string_t*>(), function);
  });
}

bool permits(const Claims& claims, const std::string& function) {
  const Claims* const claim = member(claims, "function");
  if (claim == nullptr) return false;
  const Claims* const permissions = member(*claim, "permissions");
  if (permissions == nullptr || !is_list_of_strings(*permissions)) return false;
  const Claims* const audience = member(*claim, "audience");
  if (audience != nullptr && !audience->is_null()) {
    if (!is_list_of_strings(*audience)) return false;
    if (!audience->empty() && !matches_one(*audience, function)) return false;
  }
  return matches_one(*permissions, function);
}

// Whether it can be a field's value, or a variable's, as it is (RFC 9110 5.5).
bool is_plain(std::string_view subject) {
  if (subject.starts_with(' ') || subject.ends_with(' ')) return false;
  return std::none_of(subject.begin(), subject.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::variant<VerifiedToken, TokenProblem> check_claims(const Claims& claims,
                                                       const TokenPolicy& policy, int64_t now) {
  if (const auto problem = check_issuer(claims, policy.issuer)) return *problem;
  if (const auto problem = check_audience(claims, policy.audience)) return *problem;
  if (const auto problem = check_time(claims, now)) return *problem;
  const std::string* const subject = string_member(claims, "sub");
  if (subject == nullptr && member(claims, "sub") != nullptr) return TokenProblem::kMalformed;
  if (subject != nullptr && !is_plain(*subject)) return TokenProblem::kMalformed;
  if (policy.function && !permits(claims, *policy.function)) return TokenProblem::kPermissions;
  return VerifiedToken{subject == nullptr ? std::string() : *subject,
                       static_cast<int64_t>(std::ceil(*date(*member(claims, "exp"))))};
}

}  // namespace

std::variant<VerifiedToken, TokenProblem> verify_token(std::string_view token, const KeySet& keys,
                                                       const TokenPolicy& policy, int64_t now) {
  if (token.empty()) return TokenProblem::kMissing;
  if (token.size() > kMostTokenSize) return TokenProblem::kTooLong;
  const auto segments = split(token);
  if (!segments) return TokenProblem::kMalformed;
  const auto key = key_for(segments->header, keys);
  if (const auto* const problem = std::get_if<TokenProblem>(&key)) return *problem;
  const auto signature = decode_base64url(segments->signature);
  if (!signature) return TokenProblem::kMalformed;
  const PublicKey& public_key = **std::get_if<const PublicKey*>(&key);
  if (!public_key.verifies(segments->signed_text, *signature)) return TokenProblem::kSignature;
  const auto claims = decode_json(segments->claims);
  if (!claims) return TokenProblem::kMalformed;
  return check_claims(*claims, policy, now);
}

}  // namespace watchdog

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "auth/base64url.h"
#include "auth/bearer.h"
#include "auth/name_pattern.h"
#include "auth/token_verifier.h"
#include "auth/verified_tokens.h"
#include "tests/unit/auth/test_issuer.h"

// Whatever a client sends, its token is not taken, for it has no signature; and whatever the issuer
// signed, what is taken holds what token_verifier.h promises. A pattern matches what the simplest
// matcher says, and bytes have one text.

namespace {

using namespace watchdog;

constexpr int64_t kNow = 1'700'000'000;

void require(bool holds) {
  if (!holds) std::abort();
}

const KeySet& keys() {
  static const auto set = KeySet::parse(
      test_issuer::jwk_set(test_issuer::rsa_jwk("rsa") + "," + test_issuer::ec_jwk("ec")));
  return *set;
}

void check_raw(std::string_view text) {
  const TokenPolicy policy{"i", "a", {}};
  require(!std::holds_alternative<VerifiedToken>(verify_token(text, keys(), policy, kNow)));
  const auto token = bearer_token({&text, 1});
  if (const auto* const found = std::get_if<std::string_view>(&token)) {
    require(!found->empty() && text.find(*found) != std::string_view::npos);
    require(found->find_first_of(" \t,") == std::string_view::npos);
  }
}

void check_base64url(std::string_view text) {
  const auto bytes = decode_base64url(text);
  if (bytes) require(test_issuer::encode_base64url(*bytes) == text);
}

void check_claims(std::string_view claims) {
  static const TokenPolicy policy{"i", "a", "ns:env"};
  const std::string token = test_issuer::es256(R"({"alg":"ES256","kid":"ec"})", claims);
  const auto result = verify_token(token, keys(), policy, kNow);
  const auto* const verified = std::get_if<VerifiedToken>(&result);
  if (verified == nullptr) {
    require(std::get<TokenProblem>(result) != TokenProblem::kSignature ||
            token.size() > kMostTokenSize);
    return;
  }
  require(verified->expires + kTokenLeeway > kNow);
  require(std::none_of(verified->subject.begin(), verified->subject.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }));
  VerifiedTokens tokens(2, 100'000, 0);
  tokens.remember(token, *verified, 1);
  require(tokens.find(token, 1, kNow) != nullptr);
  require(tokens.find(token, 1, verified->expires + kTokenLeeway) == nullptr);
}

// A header of the issuer's, which it would not write.
void check_header(std::string_view header) {
  static const TokenPolicy policy{"i", "a", {}};
  const std::string token = test_issuer::es256(header, R"({"iss":"i","aud":"a","exp":1700000060})");
  const auto result = verify_token(token, keys(), policy, kNow);
  if (std::holds_alternative<VerifiedToken>(result)) {
    require(header.find("ES256") != std::string_view::npos ||
            header.find('\\') != std::string_view::npos);
  }
}

// Row by row: whether the first characters of both match.
bool matches_simply(std::string_view pattern, std::string_view name) {
  std::vector<bool> row(name.size() + 1, false);
  row[0] = true;
  for (const char c : pattern) {
    std::vector<bool> next(name.size() + 1, false);
    if (c == '*') next[0] = row[0];
    for (size_t i = 1; i <= name.size(); ++i) {
      next[i] = c == '*' ? row[i] || next[i - 1] : row[i - 1] && name[i - 1] == c;
    }
    row = next;
  }
  return row[name.size()];
}

void check_pattern(std::string_view text) {
  const size_t newline = text.find('\n');
  if (newline == std::string_view::npos || text.size() > 300) return;
  const std::string_view pattern = text.substr(0, newline);
  const std::string_view name = text.substr(newline + 1);
  require(matches_pattern(pattern, name) == matches_simply(pattern, name));
}

}  // namespace

// The first byte says what the others are.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'c':
      check_claims(text);
      break;
    case 'h':
      check_header(text);
      break;
    case 'p':
      check_pattern(text);
      break;
    case 'b':
      check_base64url(text);
      break;
    default:
      check_raw(text);
  }
  return 0;
}

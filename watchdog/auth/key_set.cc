#include "auth/key_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "auth/base64url.h"
#include "auth/json_object.h"

namespace watchdog {

namespace {

using Jwk = nlohmann::ordered_json;

// Whether "use", "alg" and "key_ops" (RFC 7517 4.2 to 4.4) leave the key to signatures of this
// algorithm, where they are there.
bool is_for(const Jwk& jwk, std::string_view algorithm) {
  if (member(jwk, "use") != nullptr) {
    const std::string* const use = string_member(jwk, "use");
    if (use == nullptr || *use != "sig") return false;
  }
  if (member(jwk, "alg") != nullptr) {
    const std::string* const name = string_member(jwk, "alg");
    if (name == nullptr || *name != algorithm) return false;
  }
  const Jwk* const operations = member(jwk, "key_ops");
  return operations == nullptr ||
         (operations->is_array() &&
          std::find(operations->begin(), operations->end(), "verify") != operations->end());
}

// The bytes of a member in base64url; nothing where it is missing or malformed.
std::optional<std::string> bytes_member(const Jwk& jwk, const char* name) {
  const std::string* const text = string_member(jwk, name);
  if (text == nullptr) return std::nullopt;
  return decode_base64url(*text);
}

std::optional<PublicKey> rsa_key(const Jwk& jwk) {
  if (!is_for(jwk, "RS256")) return std::nullopt;
  const auto modulus = bytes_member(jwk, "n");
  const auto exponent = bytes_member(jwk, "e");
  if (!modulus || !exponent) return std::nullopt;
  return PublicKey::rsa(*modulus, *exponent);
}

std::optional<PublicKey> ec_key(const Jwk& jwk) {
  const std::string* const curve = string_member(jwk, "crv");
  if (curve == nullptr || *curve != "P-256" || !is_for(jwk, "ES256")) return std::nullopt;
  const auto x = bytes_member(jwk, "x");
  const auto y = bytes_member(jwk, "y");
  if (!x || !y) return std::nullopt;
  return PublicKey::p256(*x, *y);
}

std::optional<PublicKey> key_of(const Jwk& jwk) {
  const std::string* const type = string_member(jwk, "kty");
  if (type == nullptr) return std::nullopt;
  if (*type == "RSA") return rsa_key(jwk);
  if (*type == "EC") return ec_key(jwk);
  return std::nullopt;
}

}  // namespace

Result<KeySet> KeySet::parse(std::string_view json) {
  if (json.size() > kMostBytes) {
    return Error{fmt::format("the key set is larger than {} bytes", kMostBytes)};
  }
  const auto parsed = parse_json_object(json);
  if (!parsed) return Error{fmt::format("the key set {}", parsed.error())};
  const Jwk* const keys = member(*parsed, "keys");
  if (keys == nullptr || !keys->is_array()) {
    return Error{"the key set has no list \"keys\" (RFC 7517 5): is it a JWK Set?"};
  }
  if (keys->size() > kMostKeys) {
    return Error{fmt::format("the key set has more than {} keys", kMostKeys)};
  }
  KeySet set;
  for (const Jwk& jwk : *keys) {
    const std::string* const kid = string_member(jwk, "kid");
    auto key = kid == nullptr || kid->empty() ? std::nullopt : key_of(jwk);
    if (!key || set.find(*kid, key->algorithm()) != nullptr) {
      ++set.skipped_;
      continue;
    }
    set.keys_.push_back({*kid, std::move(*key)});
  }
  if (set.keys_.empty()) {
    return Error{fmt::format(
        "none of the {} keys in the key set can be used: a key needs a kid, and to be RSA of 2048 "
        "to 4096 bits for RS256, or EC on P-256 for ES256",
        keys->size())};
  }
  return set;
}

const PublicKey* KeySet::find(std::string_view kid, Algorithm algorithm) const {
  for (const Named& named : keys_) {
    if (named.key.algorithm() == algorithm && named.kid == kid) return &named.key;
  }
  return nullptr;
}

bool KeySet::has(std::string_view kid) const {
  return std::any_of(keys_.begin(), keys_.end(),
                     [&](const Named& named) { return named.kid == kid; });
}

}  // namespace watchdog

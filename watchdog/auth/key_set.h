#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "auth/public_key.h"
#include "base/result.h"

namespace watchdog {

// The public keys of an issuer, as a JWK Set names them (RFC 7517 5). It never changes: when the
// issuer changes its keys, the caller parses a set anew and replaces the old one. Reading is safe
// on any thread.
class KeySet {
 public:
  static constexpr size_t kMostBytes = 1'000'000;
  static constexpr size_t kMostKeys = 100;

  // Takes what can serve: RSA keys for RS256 and EC keys on P-256 for ES256 (public_key.h says
  // which) that have a "kid", that no "use", "alg" or "key_ops" gives to something else. Everything
  // else is skipped one by one, so that a key of a kind that is not understood does not cost the
  // others: symmetric keys (a token signed with a secret that every verifier knows proves nothing),
  // other curves, malformed keys, and a second key of the same kid and algorithm. An error where
  // the text is not a JWK Set, is too large, or no key is left.
  static Result<KeySet> parse(std::string_view json);

  // The key of this `kid` for this algorithm; null where there is none. Kids are compared whole, as
  // bytes, and used for nothing else. Valid as long as the set.
  const PublicKey* find(std::string_view kid, Algorithm algorithm) const;
  // Whether there is a key of this `kid` for any algorithm.
  bool has(std::string_view kid) const;

  size_t size() const { return keys_.size(); }
  // How many keys were skipped.
  size_t skipped() const { return skipped_; }

 private:
  struct Named {
    std::string kid;
    PublicKey key;
  };

  KeySet() = default;

  std::vector<Named> keys_;
  size_t skipped_ = 0;
};

}  // namespace watchdog

#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "auth/token_verifier.h"

namespace watchdog {

// Remembers tokens that were verified, so that the next request with the same one costs a look-up
// and no signature. Bounded in entries and in bytes: the oldest is forgotten first. For one policy,
// and for one thread: each worker has its own.
//
// A token is found by a fast hash, which anybody can make collide, and is then compared whole: a
// collision can never let a token pass that was not verified. Nor can it make a look-up slow: the
// hash is seeded at random, a hash has one entry (a second takes its place), and only tokens that
// an issuer signed come in at all. The comparison's time says nothing about a token to one who does
// not know it: who gets that far has its hash, and so has it.
class VerifiedTokens {
 public:
  // `seed` is random, and kept from clients. `most_bytes` counts tokens, subjects and what an entry
  // costs beside them.
  VerifiedTokens(size_t most_entries, size_t most_bytes, uint64_t seed)
      : most_entries_(most_entries), most_bytes_(most_bytes), seed_(seed) {}

  // What verify_token() said of this token, or null. `generation` is that of the key set in use:
  // when it is another than at the last call, everything is forgotten, for the token's key may be
  // gone. `now` is in seconds since 1970; a token that has expired, with the same leeway as
  // verify_token() has, is forgotten. Valid until the next call.
  const VerifiedToken* find(std::string_view token, uint64_t generation, int64_t now);

  // Remembers it, unless it alone exceeds the bounds. `generation` is that of the key set that
  // verified it.
  void remember(std::string_view token, VerifiedToken verified, uint64_t generation);

  size_t size() const { return by_hash_.size(); }
  size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    uint64_t hash;
    std::string token;
    VerifiedToken verified;
  };
  using Entries = std::list<Entry>;

  static size_t size_of(const Entry& entry);
  uint64_t hash_of(std::string_view token) const;
  void forget(Entries::iterator entry);
  void set_generation(uint64_t generation);

  size_t most_entries_;
  size_t most_bytes_;
  uint64_t seed_;
  uint64_t generation_ = 0;
  size_t bytes_ = 0;
  Entries entries_;  // the oldest first
  std::unordered_map<uint64_t, Entries::iterator> by_hash_;
};

}  // namespace watchdog

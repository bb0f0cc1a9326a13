#include "auth/verified_tokens.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <utility>

namespace watchdog {

namespace {

// About what the two nodes, the bucket and the allocator take.
constexpr size_t kEntryCost = 256;

}  // namespace

const VerifiedToken* VerifiedTokens::find(std::string_view token, uint64_t generation,
                                          int64_t now) {
  set_generation(generation);
  const auto found = by_hash_.find(hash_of(token));
  if (found == by_hash_.end() || found->second->token != token) return nullptr;
  if (now >= found->second->verified.expires + kTokenLeeway) {
    forget(found->second);
    return nullptr;
  }
  return &found->second->verified;
}

void VerifiedTokens::remember(std::string_view token, VerifiedToken verified, uint64_t generation) {
  set_generation(generation);
  Entry entry{hash_of(token), std::string(token), std::move(verified)};
  const size_t size = size_of(entry);
  if (size > most_bytes_ || most_entries_ == 0) return;
  const auto same = by_hash_.find(entry.hash);
  if (same != by_hash_.end()) forget(same->second);
  while (entries_.size() >= most_entries_ || bytes_ > most_bytes_ - size) forget(entries_.begin());
  entries_.push_back(std::move(entry));
  by_hash_[entries_.back().hash] = std::prev(entries_.end());
  bytes_ += size;
}

size_t VerifiedTokens::size_of(const Entry& entry) {
  return entry.token.size() + entry.verified.subject.size() + kEntryCost;
}

uint64_t VerifiedTokens::hash_of(std::string_view token) const {
  return XXH3_64bits_withSeed(token.data(), token.size(), seed_);
}

void VerifiedTokens::forget(Entries::iterator entry) {
  bytes_ -= size_of(*entry);
  by_hash_.erase(entry->hash);
  entries_.erase(entry);
}

void VerifiedTokens::set_generation(uint64_t generation) {
  if (generation == generation_) return;
  generation_ = generation;
  by_hash_.clear();
  entries_.clear();
  bytes_ = 0;
}

}  // namespace watchdog

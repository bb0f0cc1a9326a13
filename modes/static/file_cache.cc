#include "modes/static/file_cache.h"

#include <utility>

namespace watchdog {

uint64_t FileCache::Entry::cost() const {
  constexpr uint64_t kOverhead = 512;  // nodes, strings, allocation
  return kOverhead + key.size() + file->content.size();
}

FilePointer FileCache::find(std::string_view key, const FileIdentity& now) {
  const auto found = index_.find(key);
  if (found == index_.end()) return nullptr;
  const Position position = found->second;
  if (position->file->identity != now) {
    drop(position);
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, position);
  return position->file;
}

void FileCache::store(std::string_view key, FilePointer file) {
  if (file->descriptor || !file->identity.unchanging()) return;
  Entry entry{std::string(key), std::move(file)};
  const uint64_t cost = entry.cost();
  if (!takes(cost)) return;
  if (const auto found = index_.find(key); found != index_.end()) drop(found->second);
  while (bytes_ + cost > most_) drop(std::prev(entries_.end()));
  bytes_ += cost;
  entries_.push_front(std::move(entry));
  index_.emplace(entries_.front().key, entries_.begin());
}

void FileCache::drop(Position position) {
  bytes_ -= position->cost();
  index_.erase(position->key);
  entries_.erase(position);
}

}  // namespace watchdog

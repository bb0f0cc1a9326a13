#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "modes/static/file.h"

namespace watchdog {

// Files in memory; the least recently used one is dropped first. An entry is used only for a file
// that has not changed: find() compares it with the file's present identity.
class FileCache {
 public:
  explicit FileCache(uint64_t most_bytes) : most_(most_bytes) {}

  // Returns the file kept under `key`. Drops it and returns null when its identity is not `now`.
  FilePointer find(std::string_view key, const FileIdentity& now);
  // Keeps `file`, unless it is not in memory, was changed just now, or is more than takes() allows.
  void store(std::string_view key, FilePointer file);
  // Whether an entry of so many bytes may be kept: up to a quarter of the cache.
  bool takes(uint64_t bytes) const { return bytes <= most_ / 4; }
  uint64_t bytes() const { return bytes_; }

 private:
  struct Entry {
    std::string key;
    FilePointer file;
    uint64_t cost() const;
  };
  using Position = std::list<Entry>::iterator;

  void drop(Position position);

  uint64_t most_;
  uint64_t bytes_ = 0;
  std::list<Entry> entries_;                              // the most recently used one first
  std::unordered_map<std::string_view, Position> index_;  // by the entries' own keys
};

}  // namespace watchdog

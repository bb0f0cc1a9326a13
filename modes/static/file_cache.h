#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "modes/static/file.h"

namespace watchdog {

// Files in memory, the least recently used ones dropped first. Never trusted without a look at the
// file: find() takes what it looks like now.
class FileCache {
 public:
  explicit FileCache(uint64_t most_bytes) : most_(most_bytes) {}

  // The file kept under `key`, if it is still in the state `now`; one that is not is dropped.
  FilePointer find(std::string_view key, const FileIdentity& now);
  // Keeps `file`, if it is in memory and there is room for it beside others.
  void store(std::string_view key, FilePointer file);
  // Whether one of so many bytes may be kept.
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

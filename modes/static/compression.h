#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "modes/static/file_cache.h"
#include "net/loop.h"
#include "net/timer.h"

namespace watchdog {

class Compression;
class Compressor;

// A place among those who wait for one file to be compressed; destroying it leaves. Owned by who
// waits, used on the loop of the Compressor, which outlives it.
class CompressionWait {
 public:
  using Done = std::function<void(FilePointer compressed)>;  // null: send the file as it is

  CompressionWait(Compressor& compressor, std::string key, Done done);
  ~CompressionWait();
  CompressionWait(const CompressionWait&) = delete;
  CompressionWait& operator=(const CompressionWait&) = delete;

 private:
  friend class Compression;
  friend class Compressor;
  Compressor& compressor_;
  std::string key_;
  Done done_;
};

// Compresses files with gzip when they are first requested: once per state of a file, a slice per
// turn of the loop so that other requests do not wait, and keeps the result in the cache. Bounded:
// by the size of a file, and to two files at a time. One per Site, used on its loop only.
class Compressor {
 public:
  static constexpr uint64_t kLeast = 1024;  // smaller ones fit into a packet anyway
  static constexpr uint64_t kMost = 8 * 1024 * 1024;
  static constexpr size_t kMostAtATime = 2;

  using Done = CompressionWait::Done;

  Compressor(Loop& loop, FileCache& cache);
  ~Compressor();

  // The compressed file `name` in the state `now`, when the cache has it: null when it has not, a
  // File that is `incompressible` when compressing gained nothing.
  FilePointer find(const std::string& name, const FileIdentity& now);
  // Whether this file is worth compressing, and may be compressed now.
  bool can_compress(const std::string& name, const File& source) const;
  // Starts to compress the file, or joins those who wait for the same one. Only where
  // can_compress() is true.
  std::unique_ptr<CompressionWait> compress(const std::string& name, FilePointer source, Done done);

 private:
  friend class Compression;
  friend class CompressionWait;
  void on_finished(Compression& compression, FilePointer result);

  Loop& loop_;
  FileCache& cache_;
  std::map<std::string, std::unique_ptr<Compression>> running_;  // by cache key
};

}  // namespace watchdog

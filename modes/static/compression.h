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

// Files compressed with gzip as they are asked for: once, a slice at a turn of the loop so that
// nobody else waits, and kept in the cache. Bounded: a file takes part in size, and two at a time.
class Compressor {
 public:
  static constexpr uint64_t kLeast = 1024;  // smaller ones fit into a packet anyway
  static constexpr uint64_t kMost = 8 * 1024 * 1024;
  static constexpr size_t kMostAtATime = 2;

  // Who waits for a file to be compressed; it waits as long as its ticket lives.
  using Done = std::function<void(FilePointer compressed)>;  // null: send it as it is
  class Ticket {
   public:
    Ticket(Compressor& compressor, std::string key, Done done);
    ~Ticket();
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;

   private:
    friend class Compression;
    friend class Compressor;
    Compressor& compressor_;
    std::string key_;
    Done done_;
  };

  Compressor(Loop& loop, FileCache& cache);
  ~Compressor();

  // What compressing the file `name` came to when it was in the state `now`: null when it was not
  // compressed; one that is futile when there is nothing to gain.
  FilePointer find(const std::string& name, const FileIdentity& now);
  // Whether it is worth, and possible, to compress this file now.
  bool can_compress(const std::string& name, const File& source) const;
  // Compresses it, or joins those who wait for the same; only after can_compress().
  std::unique_ptr<Ticket> compress(const std::string& name, FilePointer source, Done done);

 private:
  friend class Compression;
  void on_finished(Compression& compression, FilePointer result);

  Loop& loop_;
  FileCache& cache_;
  std::map<std::string, std::unique_ptr<Compression>> running_;  // by cache key
};

}  // namespace watchdog

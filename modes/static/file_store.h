#pragma once

#include <string>

#include "modes/static/file_cache.h"
#include "modes/static/folder.h"

namespace watchdog {

// What is found under a name.
struct Finding {
  enum class Kind {
    kFile,
    kFolder,
    kMissing,    // or nothing that may be served
    kForbidden,  // we may not read it
    kFailed,     // `error` says why
  };
  Kind kind = Kind::kMissing;
  FilePointer file{};
  int error = 0;
};

// The files below a folder, each as it is at this moment, small ones from memory.
class FileStore {
 public:
  FileStore(Folder folder, uint64_t most_in_memory)
      : folder_(std::move(folder)), cache_(most_in_memory) {}

  // `name`: relative, without "..".
  Finding find(const std::string& name);

  const Folder& folder() const { return folder_; }
  FileCache& cache() { return cache_; }

 private:
  Finding open(const std::string& name);

  Folder folder_;
  FileCache cache_;
};

}  // namespace watchdog

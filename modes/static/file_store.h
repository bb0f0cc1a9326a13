#pragma once

#include <string>

#include "modes/static/file_cache.h"
#include "modes/static/send_policy.h"
#include "modes/static/served_folder.h"

namespace watchdog {

// What is found under a name.
struct FileLookup {
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

// The files below a folder, each in its present state, small ones from memory. One per Site.
class FileStore {
 public:
  // `policy`: null lets every file be sent. Folder and policy outlive the store.
  FileStore(const ServedFolder& folder, const SendPolicy* policy, uint64_t most_in_memory)
      : folder_(folder), policy_(policy), cache_(most_in_memory) {}

  // Looks up `name`, relative and without "..", and opens the file unless the cache has it.
  FileLookup find(const std::string& name);

  const Folder& folder() const { return folder_.folder(); }
  FileCache& cache() { return cache_; }

 private:
  FileLookup open(const std::string& name);
  bool may_send(std::string_view name, const struct stat& status) const {
    return policy_ == nullptr || policy_->may_send(name, status);
  }
  // Whether the file opened as `name` may be sent, also under the name that it has behind all
  // links.
  bool may_send_opened(const std::string& name, int file, const struct stat& status) const;

  const ServedFolder& folder_;
  const SendPolicy* policy_;
  FileCache cache_;
};

}  // namespace watchdog

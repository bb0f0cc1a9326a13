#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <ctime>
#include <memory>
#include <optional>
#include <string>

#include "base/errno_or.h"
#include "base/fd.h"
#include "http/conditional.h"

namespace watchdog {

// Identifies one state of one file. Equal identities mean equal bytes once unchanging() is true:
// file systems record the time of a change in steps of milliseconds, a few in steps of two seconds.
struct FileIdentity {
  explicit FileIdentity(const struct stat& from);
  bool operator==(const FileIdentity& other) const = default;

  // Whether `modified` is the time of a change. Builders of reproducible images set it to 1970 or
  // 1980.
  bool dated() const;
  // Whether the last change is so old (3 s) that another one would have another time.
  bool unchanging() const;

  dev_t device;
  ino_t inode;
  uint64_t size;
  int64_t modified;  // nanoseconds since 1970
  int64_t changed;
};

// A file in one state: in memory when it is small or was compressed by us, open otherwise. Shared
// by the cache and the responses that send it, so a file that the cache has dropped lives until its
// last response has been sent.
struct File {
  // A file up to this size is read into memory, which costs less than opening it for each response.
  // Its ETag is a hash of its content: the same in every replica, and after every build that
  // changed nothing.
  static constexpr uint64_t kMostInMemory = 16 * 1024;

  FileIdentity identity;
  std::string etag;
  std::string last_modified{};  // as a field value; empty: not known
  std::optional<std::time_t> modified{};
  std::string content{};
  Fd descriptor{};  // none: `content` is all of it
  // Compressing the file gained nothing: this entry of the cache says so and has no content.
  bool incompressible = false;

  uint64_t size() const { return descriptor ? identity.size : content.size(); }
  Validators validators() const { return {etag, modified}; }
};
using FilePointer = std::shared_ptr<const File>;

// Makes a File of the regular file that is open as `descriptor`; `status` is what fstat() says of
// it. EBUSY: it changed each time it was read.
ErrnoOr<FilePointer> read_file(Fd descriptor, const struct stat& status);

// Makes a File of `source` as gzip compressed it to `content`.
FilePointer make_compressed(const File& source, std::string content);
// Makes the File that says that compressing `source` gains nothing.
FilePointer make_incompressible(const File& source);

// Whether an open File is still in that state.
bool is_unchanged(const File& file);

}  // namespace watchdog

#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/errno_or.h"
#include "base/fd.h"
#include "config/config.h"
#include "net/loop.h"
#include "server/failure.h"

namespace watchdog {

// Collects the body of a request whose length must be known before it is used. A short body is kept
// in memory, a long one in a file without a name (in $TMPDIR, else /tmp), which goes with the
// spool. Where no file can be made a memfd takes its place, and the limit is the one for memory.
class Spool {
 public:
  static constexpr size_t kMostInMemory = 256 * 1024;

  // `loop` frees a descriptor where none is left for the file.
  Spool(Loop& loop, const CollectionLimits& limits) : loop_(loop), limits_(limits) {}

  // An errno that append() returns beyond the limit, and no file system does.
  static constexpr int kBeyondLimit = EMSGSIZE;
  // Returns an errno; 0 for success.
  int append(std::string_view bytes);
  uint64_t size() const { return size_; }

  // Appends up to `most` bytes from `offset` on to `out`. Returns an errno; 0 for success.
  int read(uint64_t offset, size_t most, std::string& out) const;

  // Returns the body as a file to be read from its beginning, such as a program's standard input.
  // The spool is empty afterwards; do not use it again.
  ErrnoOr<Fd> take_file();

 private:
  int open_file();
  int write_to_file(std::string_view bytes);

  Loop& loop_;
  const CollectionLimits limits_;
  std::string memory_;  // until there is a file
  Fd file_;
  bool in_memory_ = true;  // the file too, if there is one
  uint64_t size_ = 0;
};

// Says why a request fails whose body could not be appended or taken.
struct BodyRefusal {
  Failure failure;
  std::string detail;
};
BodyRefusal explain_spool_error(int error, const CollectionLimits& limits);

}  // namespace watchdog

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

// The body of a request, kept until its length is known: the first bytes in memory, a long one in a
// file that has no name and goes with it (in $TMPDIR, else /tmp). Where no file can be made the
// file is one of the kernel's memory (memfd), and the limit is that for memory.
class Spool {
 public:
  static constexpr size_t kMostInMemory = 256 * 1024;

  // `loop` makes room when no descriptor is left for the file.
  Spool(Loop& loop, const CollectionLimits& limits) : loop_(loop), limits_(limits) {}

  // What append() returns beyond the limit; no file system does.
  static constexpr int kBeyondLimit = EMSGSIZE;
  // Returns an errno, 0 when all is well.
  int append(std::string_view bytes);
  uint64_t size() const { return size_; }

  // Appends up to `most` bytes from `offset` on to `out`; an errno.
  int read(uint64_t offset, size_t most, std::string& out) const;

  // Returns all of it as a file to be read from the beginning: a program's standard input. The
  // spool is empty afterwards; do not use it again.
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

// Why a request fails whose body could not be appended or taken.
struct BodyRefusal {
  Failure failure;
  std::string detail;
};
BodyRefusal explain_spool_error(int error, const CollectionLimits& limits);

}  // namespace watchdog

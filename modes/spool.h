#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/fd.h"

namespace watchdog {

// The body of a request, kept until its length is known: the first bytes in memory, a long one in a
// file that has no name and goes with it (in $TMPDIR, else /tmp, else in memory after all).
class Spool {
 public:
  static constexpr size_t kMostInMemory = 256 * 1024;

  // Returns an errno, 0 when all is well.
  int append(std::string_view bytes);
  uint64_t size() const { return size_; }

  // Appends up to `most` bytes from `offset` on to `out`; an errno.
  int read(uint64_t offset, size_t most, std::string& out) const;

  // All of it, to be read from the beginning: a program's standard input. Nothing (an errno) when
  // there is no room for a file. The last call.
  Fd take_file(int& error);

 private:
  int write_to_file(std::string_view bytes);

  std::string memory_;  // until there is a file
  Fd file_;
  uint64_t size_ = 0;
};

}  // namespace watchdog

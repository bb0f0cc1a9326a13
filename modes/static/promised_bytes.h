#pragma once

#include <cstdint>

#include "http/range.h"
#include "modes/static/file.h"

namespace watchdog {

// Checks that the bytes of an open file that a response has promised stay the same while they are
// sent piece by piece, so that no response mixes two states. fstat() of the open file tells:
//
//   same size and modification time     unchanged
//   larger, and samples are the same    appended to (a log, a recording): the promised bytes are
//                                       still those that were there, and are sent
//   anything else                       overwritten or cut short: not to be sent
//
// The samples are four pieces of the promised bytes, the first and the last piece among them. They
// are taken before anything is sent if the file was changed within the last seconds, otherwise when
// the client first makes us wait: files that are sent at once cost nothing. A file that grows while
// bytes outside the samples are overwritten is taken for one that is appended to.
class PromisedBytes {
 public:
  // `range` is that of the promised bytes, and not empty.
  PromisedBytes(FilePointer file, ByteRange range);

  // Whether the promised bytes are still the same. Call it before each piece.
  bool intact();
  // Call it when the rest has to wait for the client.
  void before_waiting();

 private:
  struct State {
    uint64_t size = 0;
    int64_t modified = 0;
    bool operator==(const State&) const = default;
  };
  State state() const;
  // A hash of the samples; 0 when they cannot be read.
  uint64_t sample() const;

  FilePointer file_;
  ByteRange range_;
  State accepted_;
  uint64_t samples_ = 0;  // 0: not taken
};

}  // namespace watchdog

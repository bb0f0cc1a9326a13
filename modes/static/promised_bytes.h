#pragma once

#include <cstdint>

#include "http/range.h"
#include "modes/static/file.h"

namespace watchdog {

// Watches over the bytes of an open file that an answer has promised, while they are sent piece by
// piece, so that no answer is a mix of two states. Told apart by what fstat() says of the file held:
//
//   same size and modification time     unchanged
//   larger, and samples are the same    appended to (a log, a recording): the promised bytes are still
//                                       those that were there, and are sent
//   anything else                       overwritten or cut short: not to be sent
//
// The samples are four pieces of the promised bytes, their first and their last one among them. They
// are taken before anything is sent where the file was changed within the last seconds, else when the
// client keeps us waiting for the first time: files that are sent at once cost nothing. A file in which
// other bytes are overwritten and that grows as well is taken for one that is appended to.
class PromisedBytes {
 public:
  // `range`: of the bytes promised, not empty.
  PromisedBytes(FilePointer file, ByteRange range);

  // Whether the promised bytes are still what they were; call before each piece.
  bool intact();
  // Call when the rest has to wait.
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

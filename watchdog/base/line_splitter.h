#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/log.h"

namespace watchdog {

// Cuts one output of a function into log lines. Owned by the reader of that output, and used on its
// loop.
//
// Each line of the log, with what the log puts before it and makes of its bytes, is shorter than
// `longest` (at least 256): log collectors give up on longer ones. What the function printed in one
// line beyond that is logged in pieces, cut between characters, each but the last ending in
// " [line continues]"; nothing is lost and at most `longest` bytes are held. The last line needs no
// newline: finish() logs it. The CR of a CRLF is not part of the line.
class LineSplitter {
 public:
  LineSplitter(log::Source source, size_t longest) : source_(source), longest_(longest) {}

  void add(std::string_view bytes);
  void finish();

 private:
  void log_line(std::string_view line);
  std::string_view log_pieces(std::string_view line);

  log::Source source_;
  size_t longest_;
  std::string partial_;
};

}  // namespace watchdog

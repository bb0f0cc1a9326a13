#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/log.h"

namespace watchdog {

// Cuts one output of a function into log lines. Owned by whoever reads that output.
//
// A line longer than `longest` bytes is logged in pieces of that size, each but the last ending in
// " [line continues]"; nothing is lost and at most `longest` bytes are held. The last line needs no
// newline: finish() logs it. The CR of a CRLF is not part of the line. `longest` is at least 1.
class LineSplitter {
 public:
  LineSplitter(log::Source source, size_t longest) : source_(source), longest_(longest) {}

  void add(std::string_view bytes);
  void finish();

 private:
  void emit_line(std::string_view line);

  log::Source source_;
  size_t longest_;
  std::string partial_;
};

}  // namespace watchdog

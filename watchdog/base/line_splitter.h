#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/log.h"

namespace watchdog {

// The end of a piece of a line that goes on in the next one.
inline constexpr std::string_view kLineContinues = " [line continues]";

// Takes a copy of the lines of an output of a function, of those that are logged in pieces the
// first piece; mostly nobody does.
using LineCopy = std::function<void(std::string_view line)>;

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
  // `trace` has the ids of the request that all of the output belongs to; null where it is that of
  // many.
  LineSplitter(log::Source source, size_t longest, const TraceIds* trace = nullptr,
               LineCopy copy = nullptr)
      : source_(source), longest_(longest), copy_(std::move(copy)) {
    if (trace != nullptr) trace_ = *trace;
  }

  void add(std::string_view bytes);
  void finish();

 private:
  void log_line(std::string_view line);
  std::string_view log_pieces(std::string_view line);
  void log_piece(std::string_view piece);
  size_t fitting(std::string_view line, size_t longest) const;

  log::Source source_;
  size_t longest_;
  std::optional<TraceIds> trace_;
  LineCopy copy_;
  std::string partial_;
  bool inside_line_ = false;  // a piece of it has been logged
};

}  // namespace watchdog

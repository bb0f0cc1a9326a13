#pragma once

#include <cstddef>
#include <ctime>
#include <string>
#include <string_view>

#include "base/log.h"

namespace watchdog::log {

// Makes the lines of the log, as text or as JSON, and says how long they become. Does no I/O but
// reads the clock. Owned by the log and used under its mutex.
//
// Our own lines are shorter than 64 KiB with their newline, as log collectors give up on longer
// ones: what clients and functions put into them is cut where it is longer than is of use, and then
// ends in "[cut]".
class LineFormat {
 public:
  void configure(const Settings& settings) {
    settings_ = settings;
    second_ = -1;
  }

  // Each returns a line without its newline, which is valid until the next call.
  // `terminal`: the line goes to one, which it must not be able to control.
  std::string_view message(Level level, std::string_view text, bool terminal);
  std::string_view event(Level level, std::string_view event, std::string_view text, Parts parts,
                         bool terminal);
  std::string_view access(const Access& access, bool terminal);
  std::string_view function_line(Source source, std::string_view text, bool terminal,
                                 const TraceIds* trace);

  // See log::fitting(). On a terminal, which no collector reads, lines may be longer.
  size_t fitting(Source source, std::string_view text, size_t longest, const TraceIds* trace);

 private:
  std::string_view stamp();
  // "15:04:05".
  std::string_view clock() { return stamp().substr(sizeof "2006/01/02", 8); }
  // Appends the ids to the line of text, where they are wanted there.
  void append_ids(const TraceIds* trace);

  Settings settings_;
  std::string line_;
  std::time_t second_ = -1;
  std::string stamp_;  // of second_
};

}  // namespace watchdog::log

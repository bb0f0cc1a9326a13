#pragma once

#include <cstddef>
#include <ctime>
#include <string>
#include <string_view>

#include "base/log.h"

namespace watchdog::log {

// What a line of the log looks like, as text or as JSON, and how long it is. Owned by the log and
// used under its mutex.
//
// Our own lines are shorter than 64 KiB with their newline, as log collectors ask: texts of others
// in them are cut where they are longer than any that is of use, and end in "[cut]" then.
class LineFormat {
 public:
  void configure(const Settings& settings) {
    settings_ = settings;
    second_ = -1;
  }

  // The line without its newline; valid until the next call.
  std::string_view message(Level level, std::string_view text);
  std::string_view access(const Access& access);
  // `terminal`: for one, so that the line must not speak to it.
  std::string_view function_line(Source source, std::string_view text, bool terminal);

  // How many bytes from the start of `text` function_line() can be given so that what it makes of
  // them is, with the newline, shorter than `longest`. Ends between two characters where it is not
  // all of them. On a terminal, which nobody collects, lines may be longer.
  size_t fitting(Source source, std::string_view text, size_t longest);

 private:
  std::string_view stamp();

  Settings settings_;
  std::string line_;
  std::time_t second_ = -1;
  std::string stamp_;  // of second_
};

}  // namespace watchdog::log

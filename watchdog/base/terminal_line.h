#pragma once

#include <string>
#include <string_view>

#include "base/log.h"

namespace watchdog::log {

// Lines of the log as people read them on a terminal: the time of day, aligned columns, colours.
//
//   10:15:00  Listening on port: 8080
//   10:15:01  POST    200    4.9ms      40B  /greet
//   10:15:01  stderr  | no connection to the database
//   10:15:01  GET     500    3.1ms      29B  /  function_failed: exit code 7
//
// What a client or a function wrote cannot control the terminal (base/printable.h). `clock` is
// "10:15:00"; each returns a line without its newline. Nobody reads so fast that these have to be:
// they are compiled to be small.
[[gnu::cold]] std::string terminal_message(std::string_view clock, Level level,
                                           std::string_view text);
[[gnu::cold]] std::string terminal_access(std::string_view clock, const Access& access);
[[gnu::cold]] std::string terminal_function_line(std::string_view clock, std::string_view source,
                                                 std::string_view text);

// Whether whoever sits at a terminal wants such lines: NO_COLOR (no-color.org) is unset or empty,
// and TERM names a terminal that knows more than text.
bool colours_wanted();

}  // namespace watchdog::log

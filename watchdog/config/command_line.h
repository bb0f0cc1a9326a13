#pragma once

#include <string>
#include <vector>

#include "config/config_reader.h"

namespace watchdog {

// What the command line asks for.
struct CommandLine {
  // When several are given, the last in this list counts.
  enum class Action { kServe, kCheckConfig, kHealthcheck, kShowVersion, kHelp, kRefuse };

  Action action = Action::kServe;
  std::vector<Setting> settings;     // by the name that was used; empty values left out
  std::vector<std::string> command;  // what came after "--"
  std::string text;                  // kHelp: the help; kRefuse: one line that says what is wrong
};

// Reads it with getopt: every Option as a --long-option, the actions, and the command after "--".
// One dash will do as well, as with Go's flags: -run-healthcheck.
CommandLine parse_command_line(int argc, const char* const* argv);

}  // namespace watchdog

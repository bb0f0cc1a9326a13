#pragma once

#include <string>
#include <vector>

#include "server/config.h"

namespace watchdog {

// What the command line asks for.
struct CommandLine {
  enum class Action { kServe, kHealthcheck, kVersion, kHelp, kCheckConfig, kRefuse };

  Action action = Action::kServe;
  std::vector<Setting> settings;     // by the name that was used; empty values left out
  std::vector<std::string> command;  // what came after "--"
  std::string text;                  // kHelp: the help; kRefuse: one line that says what is wrong
};

// Reads it with CLI11: every Option as a --long-option, the actions, and the command after "--".
CommandLine parse_command_line(int argc, const char* const* argv);

}  // namespace watchdog

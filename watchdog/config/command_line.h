#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config_reader.h"

namespace watchdog {

// What the command line and the environment ask for.
struct CommandLine {
  // When several are given, the last in this list counts.
  enum class Action { kServe, kCheckConfig, kHealthcheck, kShowVersion, kHelp, kRefuse };

  Action action = Action::kServe;
  std::vector<Setting> settings;     // by the name that was used; empty values left out
  std::vector<std::string> command;  // what came after "--"
  std::string text;                  // kHelp: the help
  std::vector<std::string> errors;   // kRefuse: what is wrong, one line each
};

// An option that asks for something else than serving.
struct ActionRow {
  std::string_view name;
  std::string_view topic;  // what may follow it; mostly nothing
  CommandLine::Action action;
  std::string (*text)();  // what it prints; null where the help or main does
  std::string_view meaning;
};
std::span<const ActionRow> action_rows();

// Reads both with CLI11, to which every Option is declared with its environment name, the actions
// and the command after "--". One dash will do as well, as with Go's flags: -run-healthcheck.
CommandLine parse_command_line(int argc, const char* const* argv);

}  // namespace watchdog

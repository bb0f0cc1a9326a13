#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/config.h"

namespace watchdog {

struct Setting {
  std::string name;  // an Option's name or alias
  std::string text;
};

// What came of reading a configuration.
struct ConfigOutcome {
  Config config;
  std::vector<std::string> errors;    // one line each; any: the start is refused
  std::vector<std::string> warnings;  // one line each, worth a look
};

// Reads the environment through `getenv` (nullptr when unset), then the command line's settings,
// which win. `command` is what came after "--", empty when nothing did; it wins over fprocess.
// An option set to the empty string counts as unset.
ConfigOutcome read_config(const std::function<const char*(const char*)>& getenv,
                          const std::vector<Setting>& command_line,
                          const std::vector<std::string>& command);

}  // namespace watchdog

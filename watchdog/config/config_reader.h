#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace watchdog {

// An option that the user has set.
struct Setting {
  // kPlatform: PORT of Knative and Cloud Run, which counts where nobody else sets the port.
  enum class From { kCommandLine, kEnvironment, kPlatform };

  std::string name;  // an Option's name or alias
  std::string text;
  From from = From::kCommandLine;
};

// What came of reading a configuration.
struct ConfigOutcome {
  Config config;
  std::vector<std::string> errors;    // one line each; any: the start is refused
  std::vector<std::string> warnings;  // one line each, worth a look
};

// Takes the settings of the environment, then those of the command line, which win. `command` is
// what came after "--", empty when nothing did; it wins over fprocess. An option set to the empty
// string counts as unset.
ConfigOutcome read_config(const std::vector<Setting>& settings,
                          const std::vector<std::string>& command);

}  // namespace watchdog

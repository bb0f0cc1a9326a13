#pragma once

#include "config/command_line.h"
#include "config/config_reader.h"
#include "function/secrets.h"

namespace watchdog {

// A configuration that has been checked against the environment and this machine: files that can be
// read, variables that look like mistyped options, secrets that can be variables.
struct CheckedConfig {
  ConfigOutcome outcome;
  Secrets secrets;  // for give_to_function(); read where the outcome has no errors
};

// Reads what the command line and the environment say. Errors of the secrets are the outcome's.
CheckedConfig checked_config(const CommandLine& line);

}  // namespace watchdog

#include "server/checked_config.h"

#include <unistd.h>

#include <string>
#include <utility>

#include "config/misspelling.h"
#include "server/access_policy.h"

namespace watchdog {

namespace {

Secrets secrets_of(const Config& config) {
  const bool has_function = config.mode.is(kForks) || config.mode.is(kKeepsWarm);
  if (config.secrets_env.empty() || !has_function) return {};
  return read_secrets(config.secrets_folder, config.secrets_env);
}

}  // namespace

CheckedConfig checked_config(const CommandLine& line) {
  CheckedConfig checked{read_config(line.settings, line.command), {}};
  ConfigOutcome& outcome = checked.outcome;
  if (outcome.errors.empty()) {
    if (auto problem = problem_of_mode(outcome.config)) outcome.errors.push_back(*problem);
    auto policy = access_policy(outcome.config);
    if (!policy) outcome.errors.push_back(policy.error());
    checked.secrets = secrets_of(outcome.config);
    for (const std::string& error : checked.secrets.errors) outcome.errors.push_back(error);
  }
  // A variable that is missing may be there under a wrong name.
  auto& complaints = outcome.errors.empty() ? outcome.warnings : outcome.errors;
  for (std::string& warning : misspelling_warnings(environ)) {
    complaints.push_back(std::move(warning));
  }
  return checked;
}

}  // namespace watchdog

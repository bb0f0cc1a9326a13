#include <fmt/format.h>
#include <netdb.h>
#include <nss.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/exit_code.h"
#include "base/log.h"
#include "base/version.h"
#include "config/command_line.h"
#include "config/config_reader.h"
#include "config/misspelling.h"
#include "config/options.h"
#include "net/signals.h"
#include "process/system.h"
#include "server/healthcheck.h"
#include "server/watchdog.h"

namespace watchdog {

namespace {

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

int refuse(int code, const std::vector<std::string>& reasons) {
  for (const std::string& reason : reasons) std::fprintf(stderr, "fwatchdog: %s\n", reason.c_str());
  return code;
}

// Reads the configuration, and checks it against the environment and this machine.
ConfigOutcome configure(const CommandLine& line) {
  ConfigOutcome outcome = read_config(line.settings, line.command);
  if (outcome.errors.empty()) {
    if (auto problem = problem_of_mode(outcome.config)) outcome.errors.push_back(*problem);
  }
  // A variable that is missing may be there under a wrong name.
  auto& complaints = outcome.errors.empty() ? outcome.warnings : outcome.errors;
  for (std::string& warning : misspelling_warnings(environ)) {
    complaints.push_back(std::move(warning));
  }
  return outcome;
}

int check_config(const ConfigOutcome& outcome) {
  for (const std::string& warning : outcome.warnings) {
    std::fprintf(stderr, "fwatchdog: warning: %s\n", warning.c_str());
  }
  print(describe(outcome.config));
  return kExitClean;
}

int serve(const ConfigOutcome& outcome) {
  log::configure({outcome.config.log_format, outcome.config.prefix_logs});
  for (const std::string& warning : outcome.warnings) log::warn("{}", warning);
  Watchdog watchdog(outcome.config);
  const auto failure = watchdog.start();
  return failure ? refuse(failure->exit_code, {failure->reason}) : watchdog.run();
}

int run(const CommandLine& line) {
  using Action = CommandLine::Action;
  if (line.action == Action::kRefuse) return refuse(kExitUsage, line.errors);
  if (line.action == Action::kHelp || line.action == Action::kShowVersion) {
    print(line.action == Action::kHelp ? line.text : fmt::format("fwatchdog {}\n", kVersion));
    return kExitClean;
  }
  if (line.action == Action::kHealthcheck) {
    const ConfigOutcome outcome = read_config(line.settings, line.command);
    return run_healthcheck(outcome.config) ? kExitClean : kExitUnhealthy;
  }
  const ConfigOutcome outcome = configure(line);
  if (!outcome.errors.empty()) return refuse(kExitUsage, outcome.errors);
  return line.action == Action::kCheckConfig ? check_config(outcome) : serve(outcome);
}

}  // namespace

}  // namespace watchdog

int main(int argc, char** argv) {
  watchdog::secure_descriptors();
  watchdog::raise_descriptor_limit();
  watchdog::block_signals();
  // A static glibc dies when a container's nsswitch.conf names modules that it would have to load.
  __nss_configure_lookup("hosts", "files dns");
  return watchdog::run(watchdog::parse_command_line(argc, argv));
}

#include <fmt/format.h>
#include <netdb.h>
#include <nss.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
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

int serve(const ConfigOutcome& outcome) {
  log::configure({outcome.config.log_format, outcome.config.prefix_logs});
  for (const std::string& warning : outcome.warnings) log::warn("{}", warning);
  Watchdog watchdog(outcome.config);
  if (auto failure = watchdog.start()) {
    return refuse(failure->exit_code, {std::move(failure->reason)});
  }
  return watchdog.run();
}

int run(int argc, char** argv) {
  secure_descriptors();
  raise_descriptor_limit();
  block_signals();
  // A static glibc dies when a container's nsswitch.conf names modules that it would have to load.
  __nss_configure_lookup("hosts", "files dns");

  using Action = CommandLine::Action;
  const CommandLine line = parse_command_line(argc, argv);
  switch (line.action) {
    case Action::kHelp:
      print(line.text);
      return kExitClean;
    case Action::kShowVersion:
      print(fmt::format("fwatchdog {}\n", kVersion));
      return kExitClean;
    case Action::kRefuse:
      return refuse(kExitUsage, line.errors);
    case Action::kHealthcheck:
    case Action::kCheckConfig:
    case Action::kServe:
      break;
  }
  ConfigOutcome outcome = read_config(line.settings, line.command);
  if (line.action == Action::kHealthcheck) {
    return run_healthcheck(outcome.config) ? kExitClean : kExitUnhealthy;
  }
  std::vector<std::string> misspelled = misspelling_warnings(environ);
  // A variable that is missing may be there under a wrong name.
  auto& complaints = outcome.errors.empty() ? outcome.warnings : outcome.errors;
  complaints.insert(complaints.end(), misspelled.begin(), misspelled.end());
  if (!outcome.errors.empty()) return refuse(kExitUsage, outcome.errors);
  if (auto problem = problem_of_mode(outcome.config)) {
    misspelled.insert(misspelled.begin(), std::move(*problem));
    return refuse(kExitUsage, misspelled);
  }
  if (line.action == Action::kCheckConfig) {
    for (const std::string& warning : outcome.warnings) {
      std::fprintf(stderr, "fwatchdog: warning: %s\n", warning.c_str());
    }
    print(describe(outcome.config));
    return kExitClean;
  }
  return serve(outcome);
}

}  // namespace

}  // namespace watchdog

int main(int argc, char** argv) {
  return watchdog::run(argc, argv);
}

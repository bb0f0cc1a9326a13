#include <fmt/format.h>
#include <netdb.h>
#include <nss.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "base/exit_code.h"
#include "base/log.h"
#include "base/terminal_line.h"
#include "base/version.h"
#include "config/command_line.h"
#include "config/options.h"
#include "config/trace_config.h"
#include "net/signals.h"
#include "process/system.h"
#include "server/checked_config.h"
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

int check_config(const ConfigOutcome& outcome) {
  for (const std::string& warning : outcome.warnings) {
    std::fprintf(stderr, "fwatchdog: warning: %s\n", warning.c_str());
  }
  print(describe(outcome.config));
  return kExitClean;
}

int serve(const ConfigOutcome& outcome, const Secrets& secrets) {
  log::configure({.format = outcome.config.log_format,
                  .prefix_function_lines = outcome.config.prefix_logs,
                  .trace_ids_in_text = has_traces(outcome.config),
                  .colours_on_terminals = log::colours_wanted()});
  for (const std::string& warning : outcome.warnings) {
    log::event(log::Level::kWarning, "configuration", warning, {{"cause", warning}});
  }
  give_to_function(secrets);
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
  const auto [outcome, secrets] = checked_config(line);
  if (!outcome.errors.empty()) return refuse(kExitUsage, outcome.errors);
  return line.action == Action::kCheckConfig ? check_config(outcome) : serve(outcome, secrets);
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

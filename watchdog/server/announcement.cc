#include "server/announcement.h"

#include <string>

#include "base/log.h"
#include "base/text.h"
#include "base/version.h"
#include "process/command.h"

namespace watchdog {

void announce(const Config& config, uint16_t port, bool has_metrics) {
  std::string command;
  for (const std::string& word : config.command) {
    command += command.empty() ? word : " " + word;
  }
  const bool files = config.mode.is(kServesSite);
  const bool warm = config.mode.is(kKeepsWarm);
  log::info("fwatchdog {} mode: {} {}: {}{}{}", kVersion, config.mode.name,
            files ? "static_path" : "fprocess", files ? config.static_path : command,
            warm ? " upstream: " : "", warm ? config.upstream_url : "");
  log::info("Timeouts: read: {} write: {} exec: {} idle: {} shutdown: {}",
            format_duration(config.read_timeout), format_duration(config.write_timeout),
            format_duration(config.exec_timeout), format_duration(config.idle_timeout),
            format_duration(config.shutdown_timeout));
  if (config.mode.is(kForks)) {
    const auto problem = Command(config.command).problem();
    if (problem) log::warn("{}; until it can be run requests are answered with 500", *problem);
  }
  if (has_metrics) log::info("Metrics on port: {}", config.metrics_port);
  log::info("Listening on port: {}", port);
}

}  // namespace watchdog

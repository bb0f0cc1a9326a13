#include "server/announcement.h"

#include <string>

#include "base/log.h"
#include "base/text.h"
#include "base/version.h"
#include "process/command.h"
#include "status/status_text.h"

namespace watchdog {

namespace {

// What callers must have; empty where everybody may call.
std::string needed_by_callers(const Config& config) {
  std::string needed;
  if (config.jwt_auth) needed = "an OpenFaaS function token";
  if (!config.auth_issuer.empty()) needed = "a token of " + config.auth_issuer;
  if (config.auth_hmac.empty()) return needed;
  return needed + (needed.empty() ? "" : " and ") + "a signature (" + config.auth_hmac + ")";
}

void warn_of_command(const Config& config) {
  if (!config.mode.is(kForks)) return;
  const auto problem = Command(config.command).problem();
  if (!problem) return;
  log::event(log::Level::kWarning, "command_unusable",
             *problem + "; until it can be run requests are answered with 500",
             {{"cause", *problem}});
}

}  // namespace

void announce(const Config& config, uint16_t port, bool has_metrics, bool has_page) {
  std::string command;
  for (const std::string& word : config.command) {
    command += command.empty() ? word : " " + word;
  }
  const bool files = config.mode.is(kServesSite);
  const bool warm = config.mode.is(kKeepsWarm);
  log::event(log::Level::kInfo, "starting",
             fmt::format("fwatchdog {} mode: {} {}: {}{}{}", kVersion, config.mode.name,
                         files ? "static_path" : "fprocess", files ? config.static_path : command,
                         warm ? " upstream: " : "", warm ? config.upstream_url : ""),
             {{"version", kVersion}, {"mode", config.mode.name}});
  log::event(
      log::Level::kInfo, "timeouts",
      fmt::format("Timeouts: read: {} write: {} exec: {} idle: {} shutdown: {}",
                  format_duration(config.read_timeout), format_duration(config.write_timeout),
                  format_duration(config.exec_timeout), format_duration(config.idle_timeout),
                  format_duration(config.shutdown_timeout)),
      {{"read_s", seconds(config.read_timeout)},
       {"write_s", seconds(config.write_timeout)},
       {"exec_s", seconds(config.exec_timeout)},
       {"idle_s", seconds(config.idle_timeout)},
       {"shutdown_s", seconds(config.shutdown_timeout)}});
  warn_of_command(config);
  const std::string needed = needed_by_callers(config);
  if (!needed.empty()) {
    log::event(log::Level::kInfo, "callers_checked", "Callers need " + needed,
               {{"needed", needed}});
  }
  if (has_metrics) {
    log::event(log::Level::kInfo, "metrics",
               fmt::format("Metrics on port: {}", config.metrics_port),
               {{"port", config.metrics_port}});
  }
  if (has_page) {
    const std::string url = status_url(config);
    log::event(log::Level::kInfo, "status_page", "Status page: " + url, {{"url", url}});
  }
  log::event(log::Level::kInfo, "listening", fmt::format("Listening on port: {}", port),
             {{"port", port}});
}

}  // namespace watchdog

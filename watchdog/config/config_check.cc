#include "config/config_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "config/options.h"
#include "config/trace_config.h"
#include "config/upstream_url.h"
#include "http/http_url.h"

namespace watchdog {

namespace {

// How an upstream_url looks in a mode.
struct UpstreamForm {
  UpstreamUrl::Protocol wrong;
  std::string_view scheme;
  std::string_view example;
  std::string_view form;
};

UpstreamForm upstream_form(const ModeInfo& mode) {
  using Protocol = UpstreamUrl::Protocol;
  if (mode.is(kSpeaksFastcgi)) {
    return {Protocol::kHttp, "fastcgi", "fastcgi://127.0.0.1:9000", "fastcgi://host:port"};
  }
  return {Protocol::kFastcgi, "http", "http://127.0.0.1:3000", "http://host:port/prefix"};
}

// Whether requests would come back to us for ever.
bool is_our_port(const Config& config, const UpstreamUrl& url) {
  constexpr std::array<std::string_view, 4> kThisMachine = {"127.0.0.1", "localhost", "::1",
                                                            "0.0.0.0"};
  const bool local =
      std::find(kThisMachine.begin(), kThisMachine.end(), url.host) != kThisMachine.end();
  const bool on_all = config.listen_address.empty() || config.listen_address == url.host;
  return local && on_all && config.port != 0 && url.port == config.port &&
         !has_port_placeholder(config.upstream_url);
}

// Whether Knative or Cloud Run has chosen our port.
bool is_from_platform(const GivenOptions& given) {
  const auto port = given.spellings.find("port");
  return port != given.spellings.end() && port->second == kPlatformPort;
}

std::optional<std::string> instances_error(const Config& config, std::string_view scheme) {
  if (config.instances <= 1) return std::nullopt;
  if (!has_port_placeholder(config.upstream_url)) {
    return fmt::format(
        "instances={}: each copy needs a port of its own; put {{port}} into upstream_url, for "
        "example upstream_url={}://127.0.0.1:{{port}}",
        config.instances, scheme);
  }
  if (!config.command.empty()) return std::nullopt;
  return fmt::format("instances={}: there is no fprocess to start copies of", config.instances);
}

std::optional<std::string> upstream_error(const Config& config, const GivenOptions& given) {
  const UpstreamForm form = upstream_form(config.mode);
  if (!given.contains("upstream_url")) {
    return fmt::format(
        "upstream_url is not set: say where the function listens, for example upstream_url={}",
        form.example);
  }
  const auto url = parse_upstream_url(with_port(config.upstream_url, 1));
  if (url && url->protocol == form.wrong) {
    return fmt::format("upstream_url={}: mode={} accepts {} or unix:/path", config.upstream_url,
                       config.mode.name, form.form);
  }
  if (url && is_our_port(config, *url)) {
    return fmt::format(
        "upstream_url={}: port {} is the watchdog's own{}, and requests would come back for ever; "
        "let the function listen on another port, or set port",
        config.upstream_url, config.port,
        is_from_platform(given) ? " (the platform's PORT says so)" : "");
  }
  return instances_error(config, form.scheme);
}

// php7 and php8 images of classic-watchdog print whole pages, and would be sent as bytes.
bool is_php_without_mode(const Config& config, const GivenOptions& given) {
  if (config.command.empty() || given.contains("mode") || given.contains("content_type")) {
    return false;
  }
  if (config.cgi_response) return false;  // it says its type itself
  std::string_view program = config.command.front();
  program.remove_prefix(program.rfind('/') + 1);
  // php, php8, php8.3; not phpunit, php-cgi.
  return program.starts_with("php") &&
         program.find_first_not_of("0123456789.", 3) == std::string_view::npos;
}

void append_overruled(const Config& config, std::vector<std::string>& warnings) {
  const Duration most = config.shutdown_timeout;
  if (config.stop_timeout && *config.stop_timeout > most) {
    warnings.push_back(fmt::format("stop_timeout={}: cut to shutdown_timeout, {}",
                                   format_duration(*config.stop_timeout), format_duration(most)));
  }
  const Duration serving = most - stop_timeout(config);
  if (config.healthcheck_interval && *config.healthcheck_interval > serving) {
    warnings.push_back(fmt::format(
        "healthcheck_interval={}: cut to {}, since shutdown_timeout is {} and stop_timeout {}",
        format_duration(*config.healthcheck_interval), format_duration(serving),
        format_duration(most), format_duration(stop_timeout(config))));
  }
}

// A function that was meant for some must not be open to all because a part is missing.
void append_access_errors(const Config& config, std::vector<std::string>& errors) {
  const bool issuer = !config.auth_issuer.empty();
  if (!config.jwt_auth && !config.jwt_auth_url.empty()) {
    errors.emplace_back("jwt_auth_url: jwt_auth=true is not set, and everybody could call; set it");
  }
  if (config.jwt_auth && issuer) {
    errors.emplace_back("auth_issuer: jwt_auth has an issuer of its own; unset one of them");
  }
  if (!issuer && (!config.auth_jwks.empty() || !config.auth_audience.empty())) {
    errors.emplace_back(
        "auth_issuer is not set: say whose tokens are good, as their claim iss does");
  }
  if (issuer && config.auth_audience.empty()) {
    errors.emplace_back(
        "auth_audience is not set: say whom tokens must be for, as their claim aud does; a token "
        "for another service of the issuer is not one for this");
  }
  if (issuer && config.auth_jwks.empty() && !parse_http_url(config.auth_issuer)) {
    errors.push_back(fmt::format(
        "auth_issuer={}: its keys cannot be fetched from there, since TLS to the outside is not "
        "spoken; set auth_jwks to a file that has them, or to an http:// URL",
        config.auth_issuer));
  }
  if (config.auth_hmac.empty() != config.auth_hmac_secret_file.empty()) {
    errors.emplace_back(
        config.auth_hmac.empty()
            ? "auth_hmac is not set: say how requests are signed, such as "
              "auth_hmac=github, or unset auth_hmac_secret_file"
            : "auth_hmac_secret_file is not set: name the file that has the secret");
  }
}

}  // namespace

std::vector<std::string> config_errors(const Config& config, const GivenOptions& given) {
  std::vector<std::string> errors;
  if (config.mode.is(kNeedsCommand) && config.command.empty() && !given.contains("fprocess")) {
    errors.emplace_back(
        "fprocess is not set: name the command that answers requests, for example fprocess=cat, or "
        "put it after --");
  }
  if (config.mode.is(kKeepsWarm)) {
    if (auto error = upstream_error(config, given)) errors.push_back(std::move(*error));
  }
  if (is_from_platform(given) && config.port == 0) {
    errors.emplace_back(
        "PORT=0: it has to name the port at which the platform reaches us, 1 to 65535");
  }
  if (config.status_page.value_or(false) && config.metrics_port == 0) {
    errors.emplace_back(
        "status_page=true: the page is on metrics_port, which is 0; set metrics_port, or unset one "
        "of them");
  }
  append_access_errors(config, errors);
  if (has_traces(config)) trace_settings(config, errors);
  return errors;
}

std::vector<std::string> config_warnings(const Config& config, const GivenOptions& given) {
  std::vector<std::string> warnings;
  if (is_php_without_mode(config, given)) {
    warnings.emplace_back(
        "fprocess is php: an image that was made for classic-watchdog needs mode=classic; "
        "otherwise content_type=auto sends pages as pages");
  }
  for (const Option& option : options()) {
    const auto found = given.spellings.find(option.name);
    if (found == given.spellings.end() || given.at_default.contains(option.name)) continue;
    const std::string reason = reason_without_effect(option, config);
    if (reason.empty()) continue;
    warnings.push_back(fmt::format("{} has no effect: {}", found->second, reason));
  }
  append_overruled(config, warnings);
  return warnings;
}

}  // namespace watchdog

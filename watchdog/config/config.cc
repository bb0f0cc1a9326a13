#include "config/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <set>

#include "base/text.h"
#include "config/upstream_url.h"

namespace watchdog {

namespace {

// Options that do nothing without others, or in other modes.
constexpr std::array<std::string_view, 2> kNotYet = {"jwt_auth_debug", "jwt_auth_local"};
// Those of modes with a server of the function's own; some are for HTTP alone.
constexpr std::array<std::string_view, 7> kWarmOnly = {
    "upstream_url", "startup_timeout",       "restart", "hung_after", "instances",
    "stop_signal",  "response_start_timeout"};
constexpr std::array<std::string_view, 2> kHttpOnly = {"ready_path", "http_buffer_req_body"};
constexpr std::array<std::string_view, 4> kScriptsOnly = {"document_root", "script",
                                                          "script_name_prefix", "server_software"};
constexpr std::array<std::string_view, 3> kForkOnly = {"cgi_headers", "content_type",
                                                       "kill_on_disconnect"};
constexpr std::array<std::string_view, 5> kClassicOnly = {
    "combine_output", "marshal_request", "write_debug", "read_debug", "debug_headers"};

// Of files, wherever they are served; some are for sites without scripts.
constexpr std::array<std::string_view, 4> kFilesOnly = {"static_cache_control", "static_cors",
                                                        "static_gzip", "static_cache"};
constexpr std::array<std::string_view, 4> kStaticOnly = {"static_path", "static_fallback",
                                                         "static_404", "static_listing"};

// A value as an error line can show it.
std::string on_one_line(std::string_view value) {
  std::string text(value);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return text;
}

class ConfigReader {
 public:
  ConfigReader(const std::function<const char*(const char*)>& getenv,
               const std::vector<Setting>& command_line)
      : getenv_(getenv), command_line_(command_line) {}

  ConfigOutcome read(const std::vector<std::string>& command) {
    set_defaults();
    const Config defaults = outcome_.config;
    for (const Option& option : options()) {
      read_option(option);
      if (option.value.print(outcome_.config) == option.value.print(defaults)) {
        as_by_default_.insert(option.name);
      }
    }
    read_platform_port();
    if (!command.empty()) {
      outcome_.config.command = command;
      set_["fprocess"] = "the command after --";
      as_by_default_.erase("fprocess");
    }
    complete();
    check();
    warn();
    warn_of_contradictions();
    return std::move(outcome_);
  }

 private:
  void set_defaults() {
    for (const Option& option : options()) {
      if (option.default_text.empty() || option.default_follows) continue;
      option.value.apply(outcome_.config, option.default_text);
    }
  }

  void read_option(const Option& option) {
    std::vector<std::string_view> names{option.name};
    names.insert(names.end(), option.aliases.begin(), option.aliases.end());
    for (const std::string_view name : names) {
      const std::string variable(name);
      const char* value = getenv_(variable.c_str());
      if (value != nullptr) take(option, variable, "=", value);
    }
    for (const std::string_view name : names) {
      for (const Setting& setting : command_line_) {
        if (setting.name == name) take(option, "--" + long_option(name), " ", setting.text);
      }
    }
  }

  // Knative and Cloud Run say in PORT where a container must listen. Elsewhere PORT is the function's
  // own affair: of-watchdog's images set it for their servers.
  void read_platform_port() {
    if (is_set("port") || getenv_("K_SERVICE") == nullptr) return;
    const char* value = getenv_("PORT");
    const auto rows = options();
    const auto port = std::find_if(rows.begin(), rows.end(),
                                   [](const Option& option) { return option.name == "port"; });
    if (value != nullptr) take(*port, "PORT", "=", value);
  }

  void take(const Option& option, const std::string& spelling, std::string_view separator,
            std::string_view value) {
    value = trim(value);
    if (value.empty()) return;
    set_[option.name] = spelling;
    const auto refusal = option.value.apply(outcome_.config, value);
    if (!refusal) return;
    outcome_.errors.push_back(
        fmt::format("{}{}{}: {}", spelling, separator, on_one_line(value), *refusal));
  }

  bool is_set(std::string_view name) const { return set_.contains(name); }

  void warn_without_effect(std::string_view name, std::string_view why) {
    const auto found = set_.find(name);
    if (found == set_.end() || as_by_default_.contains(name)) return;
    outcome_.warnings.push_back(fmt::format("{} has no effect: {}", found->second, why));
  }

  void warn_all_without_effect(std::span<const std::string_view> names, std::string_view why) {
    for (const std::string_view name : names) warn_without_effect(name, why);
  }

  // Defaults that depend on other options.
  void complete() {
    Config& config = outcome_.config;
    const bool classic = config.mode == ModeName::kClassic;
    if (classic && !is_set("exec_timeout")) config.exec_timeout = Duration::zero();
    if (classic && !is_set("content_type")) config.content_type.clear();
    if (!is_set("shutdown_timeout")) config.shutdown_timeout = config.write_timeout;
    config.trusted_proxies_named = is_set("trusted_proxies");
    if (config.mode == ModeName::kFastcgi) config.ready_path.clear();  // it speaks no HTTP
  }

  void check() {
    const Config& config = outcome_.config;
    auto& errors = outcome_.errors;
    // A FastCGI server may be somebody else's.
    const bool needs_command =
        config.mode != ModeName::kStatic && config.mode != ModeName::kFastcgi;
    if (needs_command && config.command.empty() && !is_set("fprocess")) {
      errors.emplace_back(
          "fprocess is not set: name the command that answers requests, for example fprocess=cat, "
          "or put it after --");
    }
    if (has_warm_function(config.mode)) check_upstream();
    if (config.jwt_auth) {
      errors.emplace_back(
          "jwt_auth=true: tokens cannot be checked in this version, and serving without would be "
          "open to everybody; unset it");
    }
  }

  void check_upstream() {
    const Config& config = outcome_.config;
    using Protocol = UpstreamUrl::Protocol;
    const bool http = config.mode == ModeName::kHttp;
    const auto url = parse_upstream_url(with_port(config.upstream_url, 1));
    if (!is_set("upstream_url")) {
      outcome_.errors.emplace_back(
          fmt::format("upstream_url is not set: say where the function listens, for example "
                      "upstream_url={}",
                      http ? "http://127.0.0.1:3000" : "fastcgi://127.0.0.1:9000"));
    } else if (url && url->protocol == (http ? Protocol::kFastcgi : Protocol::kHttp)) {
      outcome_.errors.emplace_back(fmt::format(
          "upstream_url={}: mode={} accepts {} or unix:/path", config.upstream_url,
          mode_name(config.mode), http ? "http://host:port/prefix" : "fastcgi://host:port"));
    } else if (url && is_our_port(*url)) {
      outcome_.errors.emplace_back(fmt::format(
          "upstream_url={}: port {} is the watchdog's own, and requests would come back "
          "for ever; let the function listen on another port, or set port",
          config.upstream_url, config.port));
    } else if (config.instances > 1 && !has_port_placeholder(config.upstream_url)) {
      outcome_.errors.emplace_back(
          fmt::format("instances={}: each copy needs a port of its own; put {{port}} into "
                      "upstream_url, for example upstream_url={}://127.0.0.1:{{port}}",
                      config.instances, http ? "http" : "fastcgi"));
    } else if (config.instances > 1 && config.command.empty()) {
      outcome_.errors.emplace_back(
          fmt::format("instances={}: there is no fprocess to start copies of", config.instances));
    }
  }

  bool is_our_port(const UpstreamUrl& url) const {
    const Config& config = outcome_.config;
    constexpr std::array<std::string_view, 4> kThisMachine = {"127.0.0.1", "localhost", "::1",
                                                              "0.0.0.0"};
    const bool local =
        std::find(kThisMachine.begin(), kThisMachine.end(), url.host) != kThisMachine.end();
    const bool on_all = config.listen_address.empty() || config.listen_address == url.host;
    return local && on_all && config.port != 0 && url.port == config.port &&
           !has_port_placeholder(config.upstream_url);
  }

  // php7 and php8 images of classic-watchdog print whole pages, and would be sent as bytes.
  void warn_of_php() {
    const Config& config = outcome_.config;
    if (config.command.empty() || is_set("mode") || is_set("content_type")) return;
    if (config.cgi_response) return;  // it says its type itself
    std::string_view program = config.command.front();
    program.remove_prefix(program.rfind('/') + 1);
    // php, php8, php8.3; not phpunit, php-cgi.
    if (!program.starts_with("php")) return;
    if (program.find_first_not_of("0123456789.", 3) != std::string_view::npos) return;
    outcome_.warnings.emplace_back(
        "fprocess is php: an image that was made for classic-watchdog needs mode=classic; otherwise "
        "content_type=auto sends pages as pages");
  }

  void warn() {
    const Config& config = outcome_.config;
    warn_of_php();
    warn_all_without_effect(kNotYet, "it is for jwt_auth");
    if (config.max_inflight == 0) {
      for (const std::string_view name : {"max_queue", "queue_timeout"}) {
        warn_without_effect(name, "max_inflight sets no limit");
      }
    }
    if (!forks_for_each_request(config.mode)) {
      warn_all_without_effect(kForkOnly, "it is for modes that start a process for each request");
    }
    if (config.mode == ModeName::kCgi) {
      warn_without_effect("content_type", "a CGI program says what it answers");
    }
    const bool warm = has_warm_function(config.mode);
    if (!warm) warn_all_without_effect(kWarmOnly, "it is for mode=http and mode=fastcgi");
    if (config.mode != ModeName::kHttp) warn_all_without_effect(kHttpOnly, "it is for mode=http");
    if (!warm) warn_without_effect("watch", "each request finds the files as they are");
    if (warm && config.command.empty()) {
      for (const std::string_view name : {"watch", "restart"}) {
        warn_without_effect(name, "there is no fprocess to start again");
      }
      warn_without_effect("stop_signal", "there is no fprocess to end");
    }
    const bool scripts = has_scripts(config.mode);
    if (!scripts) warn_all_without_effect(kScriptsOnly, "it is for mode=cgi and mode=fastcgi");
    if (config.mode != ModeName::kStreaming) {
      warn_without_effect("cgi_response", "it is for mode=streaming");
    }
    if (config.mode == ModeName::kStatic) {
      warn_without_effect("fprocess", "mode=static serves files");
      warn_without_effect("trusted_proxies", "a file is the same for everybody");
    } else {
      warn_all_without_effect(kStaticOnly, "it is for mode=static");
    }
    warn_of_files();
    if (config.mode != ModeName::kClassic) {
      warn_all_without_effect(kClassicOnly, "it is for mode=classic");
    }
  }

  void warn_of_files() {
    const Config& config = outcome_.config;
    const bool heads = reads_cgi_heads(config);
    if (!heads) {
      warn_without_effect("accel_root", "it is for mode=cgi, mode=fastcgi and cgi_response=true");
    }
    const bool scripts = has_scripts(config.mode);
    if (config.mode == ModeName::kStatic || (scripts && !config.document_root.empty())) return;
    const std::string_view why =
        scripts ? "files are served where document_root is set" : "it is for mode=static";
    warn_all_without_effect(kFilesOnly, why);
    if (!heads || config.accel_root.empty()) warn_without_effect("symlinks", why);
  }

  // Values that others overrule.
  void warn_of_contradictions() {
    const Config& config = outcome_.config;
    auto& warnings = outcome_.warnings;
    const Duration most = config.shutdown_timeout;
    if (config.stop_timeout && *config.stop_timeout > most) {
      warnings.push_back(fmt::format("stop_timeout={}: cut to shutdown_timeout, {}",
                                     format_duration(*config.stop_timeout), format_duration(most)));
    }
    const Duration serving = most - stop_timeout(config);
    if (config.healthcheck_interval && *config.healthcheck_interval > serving) {
      warnings.push_back(
          fmt::format("healthcheck_interval={}: cut to {}, since shutdown_timeout is {} and "
                      "stop_timeout {}",
                      format_duration(*config.healthcheck_interval), format_duration(serving),
                      format_duration(most), format_duration(stop_timeout(config))));
    }
    if (!has_warm_function(config.mode)) return;
    const bool unlimited = config.exec_timeout == Duration::zero();
    if (unlimited) warn_without_effect("hung_after", "exec_timeout sets no limit");
    if (!unlimited &&
        config.response_start_timeout.value_or(Duration::zero()) > config.exec_timeout) {
      warn_without_effect("response_start_timeout", "exec_timeout is shorter");
    }
  }

  const std::function<const char*(const char*)>& getenv_;
  const std::vector<Setting>& command_line_;
  ConfigOutcome outcome_;
  std::map<std::string_view, std::string> set_;  // an Option's name, and how the user spelled it
  std::set<std::string_view> as_by_default_;     // set to its default, or not at all
};

}  // namespace

ConfigOutcome read_config(const std::function<const char*(const char*)>& getenv,
                          const std::vector<Setting>& command_line,
                          const std::vector<std::string>& command) {
  return ConfigReader(getenv, command_line).read(command);
}

Duration stop_timeout(const Config& config) {
  if (config.stop_timeout) return std::min(*config.stop_timeout, config.shutdown_timeout);
  return std::min<Duration>(std::chrono::seconds(2), config.shutdown_timeout / 4);
}

CollectionLimits collection_limits(const Config& config) {
  constexpr uint64_t kMiB = 1024 * 1024;
  if (!config.max_body_size) return {64 * kMiB, 1024 * kMiB};
  const uint64_t most =
      *config.max_body_size != 0 ? *config.max_body_size : std::numeric_limits<uint64_t>::max();
  return {most, most};
}

std::string describe(const Config& config) {
  std::string text;
  for (const Option& option : options()) {
    if (const auto value = option.value.print(config)) {
      text += fmt::format("{}={}\n", option.name, *value);
    } else {
      text += fmt::format("# {}: {}\n", option.name,
                          option.default_text.empty() ? "not set" : option.default_text);
    }
  }
  return text;
}

}  // namespace watchdog

#include "server/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/text.h"
#include "server/upstream_url.h"

namespace watchdog {

namespace {

// The modes of this version; the others are refused at the start.
constexpr std::array kBuiltModes = {ModeName::kStreaming, ModeName::kSerializing,
                                    ModeName::kClassic, ModeName::kHttp, ModeName::kStatic};

std::string built_modes() {
  std::string list;
  for (size_t i = 0; i < kBuiltModes.size(); ++i) {
    if (i > 0) list += i + 1 == kBuiltModes.size() ? " and " : ", ";
    list += mode_name(kBuiltModes[i]);
  }
  return list;
}

// Variables that are checked, and then do nothing, and why.
struct Idle {
  std::string_view name;
  std::string_view why;
};
constexpr std::array<Idle, 2> kNotYet = {{
    {"jwt_auth_debug", "it is for jwt_auth"},
    {"jwt_auth_local", "it is for jwt_auth"},
}};
constexpr std::array<Idle, 9> kHttpOnly = {{
    {"upstream_url", "it is for mode=http and mode=fastcgi"},
    {"startup_timeout", "it is for mode=http and mode=fastcgi"},
    {"ready_path", "it is for mode=http"},
    {"http_buffer_req_body", "it is for mode=http"},
    {"restart", "it is for mode=http and mode=fastcgi"},
    {"hung_after", "it is for mode=http"},
    {"instances", "it is for mode=http"},
    {"stop_signal", "it is for mode=http and mode=fastcgi"},
    {"response_start_timeout", "it is for mode=http"},
}};
constexpr std::array<std::string_view, 3> kForkOnly = {"cgi_headers", "content_type",
                                                       "kill_on_disconnect"};
constexpr std::array<std::string_view, 5> kClassicOnly = {
    "combine_output", "marshal_request", "write_debug", "read_debug", "debug_headers"};

constexpr std::array<std::string_view, 8> kStaticOnly = {
    "static_path", "static_fallback", "static_404",   "static_cache_control",
    "static_cors", "static_gzip",     "static_cache", "static_listing"};

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
    for (const Option& option : options()) read_option(option);
    if (!command.empty()) outcome_.config.command = command;
    complete();
    check();
    warn();
    return std::move(outcome_);
  }

 private:
  void set_defaults() {
    for (const Option& option : options()) {
      if (option.default_text.empty() || option.default_follows) continue;
      option.apply(outcome_.config, option.default_text);
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

  void take(const Option& option, const std::string& spelling, std::string_view separator,
            std::string_view value) {
    value = trim(value);
    if (value.empty()) return;
    set_[option.name] = spelling;
    const auto refusal = option.apply(outcome_.config, value);
    if (!refusal) return;
    outcome_.errors.push_back(
        fmt::format("{}{}{}: {}", spelling, separator, on_one_line(value), *refusal));
  }

  bool is_set(std::string_view name) const { return set_.contains(name); }

  void warn_without_effect(std::string_view name, std::string_view why) {
    const auto found = set_.find(name);
    if (found == set_.end()) return;
    outcome_.warnings.push_back(fmt::format("{} has no effect: {}", found->second, why));
  }

  // Defaults that depend on other options.
  void complete() {
    Config& config = outcome_.config;
    const bool classic = config.mode == ModeName::kClassic;
    if (classic && !is_set("exec_timeout")) config.exec_timeout = Duration::zero();
    if (classic && !is_set("content_type")) config.content_type.clear();
    if (!is_set("shutdown_timeout")) config.shutdown_timeout = config.write_timeout;
  }

  void check() {
    const Config& config = outcome_.config;
    auto& errors = outcome_.errors;
    if (std::find(kBuiltModes.begin(), kBuiltModes.end(), config.mode) == kBuiltModes.end()) {
      errors.emplace_back(fmt::format("mode={}: not built yet; this version serves {}",
                                      mode_name(config.mode), built_modes()));
    } else if (config.mode != ModeName::kStatic && config.command.empty() && !is_set("fprocess")) {
      errors.emplace_back(
          "fprocess is not set: name the command that answers requests, for example fprocess=cat, "
          "or put it after --");
    }
    if (config.mode == ModeName::kHttp) check_upstream();
    if (config.jwt_auth) {
      errors.emplace_back(
          "jwt_auth=true: tokens cannot be checked in this version, and serving without would be "
          "open to everybody; unset it");
    }
  }

  void check_upstream() {
    const Config& config = outcome_.config;
    const auto url = parse_upstream_url(with_port(config.upstream_url, 1));
    if (!is_set("upstream_url")) {
      outcome_.errors.emplace_back(
          "upstream_url is not set: say where the function listens, for example "
          "upstream_url=http://127.0.0.1:3000");
    } else if (url && url->protocol == UpstreamUrl::Protocol::kFastcgi) {
      outcome_.errors.emplace_back(
          fmt::format("upstream_url={}: mode=http accepts http://host:port/prefix or unix:/path",
                      config.upstream_url));
    } else if (config.instances > 1 && !has_port_placeholder(config.upstream_url)) {
      outcome_.errors.emplace_back(
          fmt::format("instances={}: each copy needs a port of its own; put {{port}} into "
                      "upstream_url, for example upstream_url=http://127.0.0.1:{{port}}",
                      config.instances));
    }
  }

  void warn() {
    const Config& config = outcome_.config;
    for (const Idle& idle : kNotYet) warn_without_effect(idle.name, idle.why);
    if (config.max_inflight == 0) {
      for (const std::string_view name : {"max_queue", "queue_timeout"}) {
        warn_without_effect(name, "max_inflight sets no limit");
      }
    }
    if (!forks_for_each_request(config.mode)) {
      for (const std::string_view name : kForkOnly) {
        warn_without_effect(name, "it is for modes that start a process for each request");
      }
    }
    if (config.mode != ModeName::kHttp) {
      for (const Idle& idle : kHttpOnly) warn_without_effect(idle.name, idle.why);
    }
    if (config.mode != ModeName::kHttp) {
      warn_without_effect("watch", "each request finds the files as they are");
    }
    if (config.mode == ModeName::kStatic) {
      warn_without_effect("fprocess", "mode=static serves files");
    } else {
      for (const std::string_view name : kStaticOnly) {
        warn_without_effect(name, "it is for mode=static");
      }
    }
    if (config.mode != ModeName::kClassic) {
      for (const std::string_view name : kClassicOnly) {
        warn_without_effect(name, "it is for mode=classic");
      }
    }
  }

  const std::function<const char*(const char*)>& getenv_;
  const std::vector<Setting>& command_line_;
  ConfigOutcome outcome_;
  std::map<std::string_view, std::string> set_;  // an Option's name, and how the user spelled it
};

std::string_view text_of(bool value) {
  return value ? "true" : "false";
}

// Words as fprocess takes them.
std::string json_array(const std::vector<std::string>& words) {
  std::string text = "[";
  for (const std::string& word : words) {
    if (text.size() > 1) text += ", ";
    text += '"';
    for (const char c : word) {
      if (c == '"' || c == '\\') text += '\\';
      if (static_cast<unsigned char>(c) < 0x20) {
        text += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
      } else {
        text += c;
      }
    }
    text += '"';
  }
  return text + "]";
}

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

std::string describe(const Config& config) {
  std::string text;
  const auto line = [&](std::string_view name, std::string_view value) {
    text.append(name).append(1, '=').append(value).append(1, '\n');
  };
  const auto number = [&](std::string_view name, uint64_t value) {
    line(name, fmt::format("{}", value));
  };
  const auto time = [&](std::string_view name, Duration value) {
    line(name, format_duration(value));
  };
  line("fprocess", json_array(config.command));
  line("mode", mode_name(config.mode));
  number("port", config.port);
  line("listen_address", config.listen_address);
  number("metrics_port", config.metrics_port);
  time("exec_timeout", config.exec_timeout);
  time("read_timeout", config.read_timeout);
  time("write_timeout", config.write_timeout);
  time("idle_timeout", config.idle_timeout);
  line("response_start_timeout",
       config.response_start_timeout ? format_duration(*config.response_start_timeout) : "");
  line("healthcheck_interval",
       config.healthcheck_interval ? format_duration(*config.healthcheck_interval) : "");
  time("shutdown_timeout", config.shutdown_timeout);
  time("stop_timeout", stop_timeout(config));
  number("max_inflight", config.max_inflight);
  number("max_queue", config.max_queue);
  time("queue_timeout", config.queue_timeout);
  number("max_body_size", config.max_body_size);
  line("content_type", config.content_type);
  line("cgi_headers", text_of(config.cgi_headers));
  line("kill_on_disconnect",
       config.kill_on_disconnect ? text_of(*config.kill_on_disconnect) : "by mode");
  line("combine_output", text_of(config.combine_output));
  line("marshal_request", text_of(config.marshal_request));
  line("write_debug", text_of(config.write_debug));
  line("read_debug", text_of(config.read_debug));
  line("debug_headers", text_of(config.debug_headers));
  line("upstream_url", config.upstream_url);
  line("static_path", config.static_path);
  line("static_fallback", config.static_fallback);
  line("static_404", config.static_404);
  line("static_cache_control",
       config.static_cache_control.empty() ? "by name" : config.static_cache_control);
  line("static_cors", config.static_cors);
  line("static_gzip", text_of(config.static_gzip));
  number("static_cache", config.static_cache);
  line("static_listing", text_of(config.static_listing));
  time("startup_timeout", config.startup_timeout);
  line("ready_path", config.ready_path);
  line("http_buffer_req_body", text_of(config.buffer_request_body));
  constexpr std::array<std::string_view, 3> kRestarts = {"no", "on-failure", "always"};
  line("restart", kRestarts[static_cast<size_t>(config.restart)]);
  number("hung_after", config.hung_after);
  number("instances", config.instances);
  line("watch", config.watch);
  line("stop_signal", stop_signal_name(config.stop_signal));
  line("workers", config.workers == 0 ? "auto" : fmt::format("{}", config.workers));
  line("prefix_logs", text_of(config.prefix_logs));
  number("log_buffer_size", config.log_line_limit);
  line("log_format", config.log_format == log::Format::kJson ? "json" : "text");
  constexpr std::array<std::string_view, 3> kAccessLogs = {"all", "errors", "off"};
  line("access_log", kAccessLogs[static_cast<size_t>(config.access_log)]);
  line("log_callid", text_of(config.log_call_id));
  line("suppress_lock", text_of(config.suppress_lock));
  line("jwt_auth", text_of(config.jwt_auth));
  line("jwt_auth_debug", text_of(config.jwt_auth_debug));
  line("jwt_auth_local", text_of(config.jwt_auth_local));
  return text;
}

}  // namespace watchdog

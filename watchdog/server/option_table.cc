#include <arpa/inet.h>
#include <fmt/format.h>

#include <limits>

#include "base/text.h"
#include "server/config.h"

namespace watchdog {

namespace {

using Refusal = std::optional<std::string>;
using Apply = std::function<Refusal(Config&, std::string_view)>;

// One Apply for each type of setting: parse, store, or say why not.

template <typename T>
Apply store(Result<T> (*parse)(std::string_view), T Config::*member) {
  return [parse, member](Config& config, std::string_view text) -> Refusal {
    auto value = parse(text);
    if (!value) return value.error();
    config.*member = std::move(*value);
    return std::nullopt;
  };
}

template <typename T>
Apply store_optional(Result<T> (*parse)(std::string_view), std::optional<T> Config::*member) {
  return [parse, member](Config& config, std::string_view text) -> Refusal {
    auto value = parse(text);
    if (!value) return value.error();
    config.*member = std::move(*value);
    return std::nullopt;
  };
}

Apply duration(Duration Config::*member) { return store(&parse_duration, member); }
Apply boolean(bool Config::*member) { return store(&parse_bool, member); }
Apply size(uint64_t Config::*member) { return store(&parse_size, member); }

Apply text(std::string Config::*member) {
  return [member](Config& config, std::string_view value) -> Refusal {
    config.*member = value;
    return std::nullopt;
  };
}

Apply count(uint64_t Config::*member) {
  return [member](Config& config, std::string_view value) -> Refusal {
    const auto number = parse_integer(value, 0, std::numeric_limits<int64_t>::max());
    if (!number) return number.error();
    config.*member = static_cast<uint64_t>(*number);
    return std::nullopt;
  };
}

Apply port(uint16_t Config::*member) {
  return [member](Config& config, std::string_view value) -> Refusal {
    const auto number = parse_integer(value, 0, 65535);
    if (!number) return "not a port; it accepts a number from 0 to 65535";
    config.*member = static_cast<uint16_t>(*number);
    return std::nullopt;
  };
}

Refusal apply_command(Config& config, std::string_view value) {
  auto words = split_command(value);
  if (!words) return words.error();
  config.command = std::move(*words);
  return std::nullopt;
}

Refusal apply_mode(Config& config, std::string_view value) {
  for (const ModeName mode :
       {ModeName::kStreaming, ModeName::kSerializing, ModeName::kClassic, ModeName::kHttp,
        ModeName::kStatic, ModeName::kCgi, ModeName::kFastcgi}) {
    if (value != mode_name(mode)) continue;
    config.mode = mode;
    return std::nullopt;
  }
  if (value == "afterburn" || value == "inproc") {
    return "there is no such mode here; use mode=http with an HTTP server, or streaming";
  }
  return "not a mode; it accepts streaming, serializing, classic, http, static, cgi or fastcgi";
}

Refusal apply_upstream(Config& config, std::string_view value) {
  const bool known = value.starts_with("http://") || value.starts_with("unix:") ||
                     value.starts_with("fastcgi://");
  if (!known || value.size() < 8 || value.find(' ') != std::string_view::npos) {
    return "not an upstream; it accepts http://host:port/prefix, unix:/path or fastcgi://host:port";
  }
  config.upstream_url = value;
  return std::nullopt;
}

Refusal apply_write_timeout(Config& config, std::string_view value) {
  const auto parsed = parse_duration(value);
  if (!parsed) return parsed.error();
  if (*parsed <= Duration::zero()) return "no answer could be sent; it accepts a duration of more than 0, such as 30s";
  config.write_timeout = *parsed;
  return std::nullopt;
}

Refusal apply_listen_address(Config& config, std::string_view value) {
  const std::string address(value);
  in_addr four{};
  in6_addr six{};
  if (value != "localhost" && inet_pton(AF_INET, address.c_str(), &four) != 1 &&
      inet_pton(AF_INET6, address.c_str(), &six) != 1) {
    return "not an address; it accepts a numeric one such as 127.0.0.1 or ::1";
  }
  config.listen_address = address;
  return std::nullopt;
}

Refusal apply_ready_path(Config& config, std::string_view value) {
  if (!value.starts_with('/')) return "not a path; it must start with /";
  config.ready_path = value;
  return std::nullopt;
}

Refusal apply_log_buffer(Config& config, std::string_view value) {
  constexpr size_t kUnlimited = 1024 * 1024;
  if (value == "-1") {
    config.log_line_limit = kUnlimited;
    return std::nullopt;
  }
  const auto parsed = parse_size(value);
  if (!parsed || *parsed < 256) return "it accepts bytes from 256 up, or -1 for no limit";
  config.log_line_limit = static_cast<size_t>(*parsed);
  return std::nullopt;
}

Refusal apply_log_format(Config& config, std::string_view value) {
  if (value != "text" && value != "json") return "it accepts text or json";
  config.log_format = value == "json" ? log::Format::kJson : log::Format::kText;
  return std::nullopt;
}

Refusal apply_access_log(Config& config, std::string_view value) {
  if (value == "all") {
    config.access_log = AccessLog::kAll;
  } else if (value == "errors") {
    config.access_log = AccessLog::kErrors;
  } else if (value == "off") {
    config.access_log = AccessLog::kOff;
  } else {
    return "it accepts all, errors or off";
  }
  return std::nullopt;
}

Refusal apply_restart(Config& config, std::string_view value) {
  if (value == "no") {
    config.restart = Restart::kNo;
  } else if (value == "on-failure") {
    config.restart = Restart::kOnFailure;
  } else if (value == "always") {
    config.restart = Restart::kAlways;
  } else {
    return "it accepts no, on-failure or always";
  }
  return std::nullopt;
}

Refusal apply_workers(Config& config, std::string_view value) {
  if (value == "auto") {
    config.workers = 0;
    return std::nullopt;
  }
  const auto number = parse_integer(value, 1, 256);
  if (!number) return "it accepts auto or a whole number from 1 to 256";
  config.workers = static_cast<unsigned>(*number);
  return std::nullopt;
}

std::vector<Option> make_table() {
  return {
      {"fprocess", {"function_process"}, "", "the function's command: words as a shell splits them, or a JSON array; it may also follow --", apply_command},
      {"mode", {}, "streaming", "streaming, serializing, classic, http, static, cgi or fastcgi", apply_mode},
      {"port", {}, "8080", "port of the function; 0 picks one", port(&Config::port)},
      {"listen_address", {}, "", "address to listen on; empty is every address", apply_listen_address},
      {"metrics_port", {}, "8081", "port of /metrics; 0 is none", port(&Config::metrics_port)},
      {"exec_timeout", {}, "30s", "the function's time, 0 is none (0 in classic); a request's X-Timeout may shorten it", duration(&Config::exec_timeout)},
      {"read_timeout", {}, "30s", "the client must have sent its request in this time; 0 is none", duration(&Config::read_timeout)},
      {"write_timeout", {}, "30s", "the client must take some of the answer in this time", apply_write_timeout},
      {"idle_timeout", {}, "120s", "how long a connection waits for its next request; 0 is for ever", duration(&Config::idle_timeout)},
      {"healthcheck_interval", {}, "", "how long to keep serving, unready, after SIGTERM; unset: until 5s pass without a request", store_optional(&parse_duration, &Config::healthcheck_interval)},
      {"shutdown_timeout", {}, "write_timeout", "from SIGTERM to the end, everything included", duration(&Config::shutdown_timeout)},
      {"max_inflight", {}, "0", "requests at a time, more are answered with 429; 0 is no limit", count(&Config::max_inflight)},
      {"max_queue", {}, "0", "requests that may wait beyond max_inflight", count(&Config::max_queue)},
      {"queue_timeout", {}, "10s", "how long they may wait", duration(&Config::queue_timeout)},
      {"max_body_size", {}, "0", "largest body of a request, larger ones are answered with 413; 0 is no limit", size(&Config::max_body_size)},
      {"content_type", {}, "application/octet-stream", "Content-Type of the answer (classic: the request's)", text(&Config::content_type)},
      {"cgi_headers", {}, "true", "give the function the request as Http_* variables", boolean(&Config::cgi_headers)},
      {"kill_on_disconnect", {}, "by mode", "end the function when its client has gone; true in streaming and cgi, false in serializing and classic", store_optional(&parse_bool, &Config::kill_on_disconnect)},
      {"combine_output", {"combined_output"}, "true", "classic: stderr is part of the answer", boolean(&Config::combine_output)},
      {"marshal_request", {}, "false", "classic: give the function header and body as JSON", boolean(&Config::marshal_request)},
      {"write_debug", {}, "false", "classic: log what the function prints", boolean(&Config::write_debug)},
      {"read_debug", {}, "false", "classic: log what the function is given", boolean(&Config::read_debug)},
      {"debug_headers", {}, "false", "classic: log header fields", boolean(&Config::debug_headers)},
      {"upstream_url", {"http_upstream_url"}, "", "http, fastcgi: where the function listens", apply_upstream},
      {"static_path", {}, "/home/app/public", "static: the folder served", text(&Config::static_path)},
      {"startup_timeout", {}, "60s", "http, fastcgi: the function must accept connections by then", duration(&Config::startup_timeout)},
      {"ready_path", {}, "", "http: /_/ready asks the function at this path", apply_ready_path},
      {"http_buffer_req_body", {"buffer_http"}, "false", "http: collect a chunked body and send its length", boolean(&Config::buffer_request_body)},
      {"restart", {}, "no", "http, fastcgi: no, on-failure or always", apply_restart},
      {"workers", {}, "auto", "event-loop threads; auto is the CPUs this container may use, at most 4", apply_workers},
      {"prefix_logs", {}, "true", "date, time and stream before each line of the function's", boolean(&Config::prefix_logs)},
      {"log_buffer_size", {}, "65536", "bytes of the longest line kept whole; -1 is no limit", apply_log_buffer},
      {"log_format", {}, "text", "text or json", apply_log_format},
      {"access_log", {}, "all", "all, errors or off", apply_access_log},
      {"log_callid", {"log_call_id"}, "false", "end access lines with [X-Call-Id]", boolean(&Config::log_call_id)},
      {"suppress_lock", {}, "false", "write no lock file", boolean(&Config::suppress_lock)},
      {"jwt_auth", {}, "false", "check OpenFaaS function tokens", boolean(&Config::jwt_auth)},
      {"jwt_auth_debug", {}, "false", "log what is wrong with them", boolean(&Config::jwt_auth_debug)},
      {"jwt_auth_local", {}, "false", "take their keys from a gateway on this machine", boolean(&Config::jwt_auth_local)},
  };
}

}  // namespace

std::string_view mode_name(ModeName mode) {
  switch (mode) {
    case ModeName::kStreaming:
      return "streaming";
    case ModeName::kSerializing:
      return "serializing";
    case ModeName::kClassic:
      return "classic";
    case ModeName::kHttp:
      return "http";
    case ModeName::kStatic:
      return "static";
    case ModeName::kCgi:
      return "cgi";
    case ModeName::kFastcgi:
      return "fastcgi";
  }
  return "";
}

std::span<const Option> options() {
  static const std::vector<Option> table = make_table();
  return table;
}

std::string long_option(std::string_view name) {
  std::string option(name);
  for (char& c : option) {
    if (c == '_') c = '-';
  }
  return option;
}

std::string option_table_markdown() {
  std::string table = "| variable | default | meaning |\n|---|---|---|\n";
  for (const Option& option : options()) {
    std::string names = fmt::format("`{}`", option.name);
    for (const std::string_view alias : option.aliases) names += fmt::format(", `{}`", alias);
    const std::string value =
        option.default_text.empty() ? "" : fmt::format("`{}`", option.default_text);
    table += fmt::format("| {} | {} | {} |\n", names, value, option.meaning);
  }
  return table;
}

}  // namespace watchdog

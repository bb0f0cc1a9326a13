#include <arpa/inet.h>
#include <fmt/format.h>

#include <csignal>
#include <limits>
#include <utility>

#include "base/text.h"
#include "config/config.h"
#include "config/upstream_url.h"
#include "http/forwarded.h"

namespace watchdog {

namespace {

struct StopSignal {
  std::string_view name;
  int number;
};
constexpr StopSignal kStopSignals[] = {{"TERM", SIGTERM}, {"INT", SIGINT},   {"QUIT", SIGQUIT},
                                       {"HUP", SIGHUP},   {"USR1", SIGUSR1}, {"USR2", SIGUSR2},
                                       {"KILL", SIGKILL}};

using Refusal = std::optional<std::string>;

std::string text_of(bool value) {
  return value ? "true" : "false";
}
std::string text_of(Duration value) {
  return format_duration(value);
}
std::string text_of(uint64_t value) {
  return fmt::format("{}", value);
}

// One OptionValue for each type of setting: parse and store, or say why not; and print.

template <typename T>
OptionValue store(Result<T> (*parse)(std::string_view), T Config::*member) {
  return {[parse, member](Config& config, std::string_view text) -> Refusal {
            auto value = parse(text);
            if (!value) return value.error();
            config.*member = std::move(*value);
            return std::nullopt;
          },
          [member](const Config& config) { return text_of(config.*member); }};
}

template <typename T>
OptionValue store_optional(Result<T> (*parse)(std::string_view), std::optional<T> Config::*member) {
  return {[parse, member](Config& config, std::string_view text) -> Refusal {
            auto value = parse(text);
            if (!value) return value.error();
            config.*member = std::move(*value);
            return std::nullopt;
          },
          [member](const Config& config) -> std::optional<std::string> {
            if (!(config.*member)) return std::nullopt;
            return text_of(*(config.*member));
          }};
}

OptionValue duration(Duration Config::*member) {
  return store(&parse_duration, member);
}
OptionValue boolean(bool Config::*member) {
  OptionValue value = store(&parse_bool, member);
  value.choices = {"true", "false"};
  return value;
}
OptionValue optional_boolean(std::optional<bool> Config::*member) {
  OptionValue value = store_optional(&parse_bool, member);
  value.choices = {"true", "false"};
  return value;
}
OptionValue size(uint64_t Config::*member) {
  return store(&parse_size, member);
}

// As --check-config prints a text; empty is unset.
OptionValue::Print print_text(std::string Config::*member) {
  return [member](const Config& config) -> std::optional<std::string> {
    if ((config.*member).empty()) return std::nullopt;
    return config.*member;
  };
}

bool has_control_characters(std::string_view value) {
  return std::any_of(value.begin(), value.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// A folder. Its name is printed on a line of its own in logs and by --check-config.
OptionValue folder(std::string Config::*member) {
  return {[member](Config& config, std::string_view value) -> Refusal {
            if (has_control_characters(value)) {
              return "not a folder; it accepts a path without control characters";
            }
            config.*member = value;
            return std::nullopt;
          },
          print_text(member),
          {},
          OptionValue::Completion::kFolders};
}

template <typename T>
OptionValue count(T Config::*member, int64_t most = std::numeric_limits<int64_t>::max()) {
  return {[member, most](Config& config, std::string_view value) -> Refusal {
            const auto number = parse_integer(value, 0, most);
            if (!number) return number.error();
            config.*member = static_cast<T>(*number);
            return std::nullopt;
          },
          [member](const Config& config) { return text_of(uint64_t{config.*member}); }};
}

OptionValue port(uint16_t Config::*member) {
  return {[member](Config& config, std::string_view value) -> Refusal {
            const auto number = parse_integer(value, 0, 65535);
            if (!number) return "not a port; it accepts a number from 0 to 65535";
            config.*member = static_cast<uint16_t>(*number);
            return std::nullopt;
          },
          [member](const Config& config) { return text_of(uint64_t{config.*member}); }};
}

// A word for each value of an enumeration.
template <typename T>
struct Word {
  std::string_view text;
  T value;
};

template <typename T, size_t count>
OptionValue words(T Config::*member, const Word<T> (&all)[count], std::string_view accepted) {
  OptionValue value;
  value.apply = [member, &all, accepted](Config& config, std::string_view text) -> Refusal {
    for (const Word<T>& word : all) {
      if (word.text != text) continue;
      config.*member = word.value;
      return std::nullopt;
    }
    return std::string(accepted);
  };
  value.print = [member, &all](const Config& config) -> std::optional<std::string> {
    for (const Word<T>& word : all) {
      if (word.value == config.*member) return std::string(word.text);
    }
    return std::nullopt;
  };
  for (const Word<T>& word : all) value.choices.push_back(word.text);
  return value;
}

constexpr Word<log::Format> kLogFormats[] = {{"text", log::Format::kText},
                                             {"json", log::Format::kJson}};
constexpr Word<AccessLog> kAccessLogs[] = {
    {"all", AccessLog::kAll}, {"errors", AccessLog::kErrors}, {"off", AccessLog::kOff}};
constexpr Word<Restart> kRestarts[] = {
    {"no", Restart::kNo}, {"on-failure", Restart::kOnFailure}, {"always", Restart::kAlways}};
constexpr ModeName kModes[] = {ModeName::kStreaming, ModeName::kSerializing, ModeName::kClassic,
                               ModeName::kHttp,      ModeName::kStatic,      ModeName::kCgi,
                               ModeName::kFastcgi};

Refusal apply_command(Config& config, std::string_view value) {
  auto words = split_command(value);
  if (!words) return words.error();
  config.command = std::move(*words);
  return std::nullopt;
}

Refusal apply_mode(Config& config, std::string_view value) {
  for (const ModeName mode : kModes) {
    if (value != mode_name(mode)) continue;
    config.mode = mode;
    return std::nullopt;
  }
  if (value == "afterburn" || value == "inproc") {
    return "there is no such mode here; use mode=http with an HTTP server, or streaming";
  }
  return "not a mode; it accepts streaming, serializing, classic, http, static, cgi or fastcgi";
}

OptionValue mode() {
  OptionValue value{apply_mode,
                    [](const Config& config) { return std::string(mode_name(config.mode)); }};
  for (const ModeName name : kModes) value.choices.push_back(mode_name(name));
  return value;
}

OptionValue field_value(std::string Config::*member) {
  return {[member](Config& config, std::string_view value) -> Refusal {
            if (has_control_characters(value)) {
              return "not a header value; it accepts text without control characters";
            }
            config.*member = value;
            return std::nullopt;
          },
          print_text(member)};
}

// A file below static_path.
OptionValue file_path(std::string Config::*member) {
  return {[member](Config& config, std::string_view value) -> Refusal {
            const bool named = value.starts_with('/') && !value.ends_with('/');
            if (!named || has_control_characters(value) ||
                value.find("/../") != std::string_view::npos) {
              return "not a file of the site; it accepts a path that starts with /, such as "
                     "/index.html";
            }
            config.*member = value;
            return std::nullopt;
          },
          print_text(member)};
}

Refusal apply_script(Config& config, std::string_view value) {
  while (value.starts_with('/')) value.remove_prefix(1);
  const bool climbs = value.starts_with("../") || value.find("/../") != std::string_view::npos;
  if (value.empty() || value.ends_with('/') || climbs || has_control_characters(value)) {
    return "not a script; it accepts a path below document_root, such as index.php";
  }
  config.script = value;
  return std::nullopt;
}

Refusal apply_script_name_prefix(Config& config, std::string_view value) {
  const bool plain = std::all_of(value.begin(), value.end(), [](char c) {
    return c > 0x20 && c < 0x7f && c != '?' && c != '#';
  });
  const bool is_path = plain && value.starts_with('/') && !value.starts_with("//");
  if (equals_ignoring_case(value, kPrefixField)) {
    config.script_name_prefix = kPrefixField;
    return std::nullopt;
  }
  if (!is_path) {
    return "not a path; it accepts one such as /function/name, or X-Forwarded-Prefix";
  }
  config.script_name_prefix = value;
  return std::nullopt;
}

Refusal apply_cors(Config& config, std::string_view value) {
  const size_t scheme = value.find("://");
  const bool is_origin = (value.starts_with("http://") || value.starts_with("https://")) &&
                         value.size() > scheme + 3 &&
                         value.find_first_of("/?#, *", scheme + 3) == std::string_view::npos;
  if (value != "*" && !is_origin) {
    return "not an origin; it accepts * or one such as https://example.com";
  }
  config.static_cors = value;
  return std::nullopt;
}

Refusal apply_symlinks(Config& config, std::string_view value) {
  if (value != "inside" && value != "any") return "it accepts inside or any";
  config.symlinks = value == "any" ? Symlinks::kAny : Symlinks::kInside;
  return std::nullopt;
}

std::optional<std::string> print_symlinks(const Config& config) {
  if (!config.symlinks) return std::nullopt;
  return *config.symlinks == Symlinks::kAny ? "any" : "inside";
}

Refusal apply_upstream(Config& config, std::string_view value) {
  const auto url = parse_upstream_url(with_port(value, 1));
  if (!url) return url.error();
  config.upstream_url = value;
  return std::nullopt;
}

Refusal apply_listen_address(Config& config, std::string_view value) {
  std::string address(value);
  const bool bracketed = address.starts_with('[') && address.ends_with(']');
  if (bracketed) address = address.substr(1, address.size() - 2);
  in6_addr bytes{};  // large enough for both
  const bool is_address = (!bracketed && inet_pton(AF_INET, address.c_str(), &bytes) == 1) ||
                          inet_pton(AF_INET6, address.c_str(), &bytes) == 1;
  if (!is_address && value != "localhost") {
    return "not an address; it accepts localhost or a numeric address such as 127.0.0.1 or ::1";
  }
  config.listen_address = std::move(address);
  return std::nullopt;
}

Refusal apply_trusted_proxies(Config& config, std::string_view value) {
  auto set = AddressSet::parse(value);
  if (!set) return set.error();
  config.trusted_proxies = std::move(*set);
  return std::nullopt;
}

// Nothing where it is the default: REMOTE_ADDR follows only what was named.
std::optional<std::string> print_trusted_proxies(const Config& config) {
  std::string text = config.trusted_proxies.text();
  if (!config.trusted_proxies_named && text == "private") return std::nullopt;
  return text;
}

// A duration that cannot be 0; `consequence` is what would come of it.
OptionValue positive_duration(Duration Config::*member, std::string_view consequence) {
  return {[member, consequence](Config& config, std::string_view value) -> Refusal {
            const auto parsed = parse_duration(value);
            if (!parsed) return parsed.error();
            if (*parsed <= Duration::zero()) {
              return fmt::format("{}; it accepts a duration of more than 0, such as 30s",
                                 consequence);
            }
            config.*member = *parsed;
            return std::nullopt;
          },
          [member](const Config& config) { return format_duration(config.*member); }};
}

// It is sent as a request's target as it stands.
Refusal apply_ready_path(Config& config, std::string_view value) {
  const bool visible =
      std::all_of(value.begin(), value.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!value.starts_with('/')) return "not a path; it must start with /";
  if (!visible || value.find('#') != std::string_view::npos) {
    return "not a path that can be asked for; write spaces and the like as %20";
  }
  config.ready_path = value;
  return std::nullopt;
}

Refusal apply_log_buffer(Config& config, std::string_view value) {
  constexpr size_t kMost = 1024 * 1024;
  if (value == "-1") {
    config.log_line_limit = kMost;
    return std::nullopt;
  }
  const auto parsed = parse_size(value);
  if (!parsed || *parsed < 256)
    return "not a size for a line; it accepts bytes from 256 up, or -1 for 1MiB";
  config.log_line_limit = static_cast<size_t>(*parsed);
  return std::nullopt;
}

Refusal apply_instances(Config& config, std::string_view value) {
  const auto number = parse_integer(value, 1, 64);
  if (!number) return "not a number of copies; it accepts a whole number from 1 to 64";
  config.instances = static_cast<unsigned>(*number);
  return std::nullopt;
}

Refusal apply_stop_signal(Config& config, std::string_view value) {
  std::string_view name = value;
  if (name.starts_with("SIG")) name.remove_prefix(3);
  for (const auto& [known, number] : kStopSignals) {
    if (name != known) continue;
    config.stop_signal = number;
    return std::nullopt;
  }
  return "not a signal to end by; it accepts TERM, INT, QUIT, HUP, USR1, USR2 or KILL";
}

OptionValue stop_signal() {
  OptionValue value{apply_stop_signal, [](const Config& config) {
                      return std::string(stop_signal_name(config.stop_signal));
                    }};
  for (const StopSignal& signal : kStopSignals) value.choices.push_back(signal.name);
  return value;
}

Refusal apply_workers(Config& config, std::string_view value) {
  if (value == "auto") {
    config.workers = 0;
    return std::nullopt;
  }
  const auto number = parse_integer(value, 1, 256);
  if (!number) return "not a number of threads; it accepts auto or a whole number from 1 to 256";
  config.workers = static_cast<unsigned>(*number);
  return std::nullopt;
}

// Words as fprocess takes them: a JSON array, or quoted as a shell does where JSON, which is UTF-8,
// cannot hold a byte.
std::string print_command(const std::vector<std::string>& words) {
  std::string array = "[";
  std::string quoted;
  for (const std::string& word : words) {
    if (array.size() > 1) array += ", ";
    array += '"';
    if (!quoted.empty()) quoted += ' ';
    quoted += '\'';
    for (const char c : word) {
      if (c == '"' || c == '\\') array += '\\';
      if (static_cast<unsigned char>(c) < 0x20) {
        array += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
      } else {
        array += c;
      }
      quoted += c == '\'' ? R"('"'"')" : std::string(1, c);
    }
    array += '"';
    quoted += '\'';
  }
  array += ']';
  return split_command(array) ? array : quoted;
}

std::optional<std::string> print_fprocess(const Config& config) {
  if (config.command.empty()) return std::nullopt;
  return print_command(config.command);
}

std::string print_workers(const Config& config) {
  return config.workers == 0 ? "auto" : text_of(uint64_t{config.workers});
}

// Collects the rows of the table, group by group.
class Rows {
 public:
  void group(std::string_view title) { group_ = title; }

  Option& add(std::string_view name, std::string_view default_text, std::string_view meaning,
              OptionValue value) {
    return rows_.emplace_back(
        Option{name, {}, default_text, meaning, std::move(value), false, group_});
  }

  std::vector<Option> take() { return std::move(rows_); }

 private:
  std::vector<Option> rows_;
  std::string_view group_;
};

std::vector<Option> make_table() {
  Rows rows;

  rows.group("The function");
  rows.add("fprocess", "",
           "the function's command: words as a shell splits them, or a JSON array; it may also "
           "follow --",
           {apply_command, print_fprocess, {}, OptionValue::Completion::kCommands})
      .aliases = {"function_process"};
  rows.add("mode", "streaming", "streaming, serializing, classic, http, static, cgi or fastcgi",
           mode());
  rows.add("cgi_headers", "true", "give the function the request as Http_* variables",
           boolean(&Config::cgi_headers));
  rows.add(
      "content_type", "application/octet-stream",
      "Content-Type of the answer; auto is what its first bytes look like (classic: the request's, "
      "else auto)",
      field_value(&Config::content_type));
  rows.add("kill_on_disconnect", "by mode",
           "end the function when its client has gone; true in streaming and cgi, false in "
           "serializing and classic",
           optional_boolean(&Config::kill_on_disconnect))
      .default_follows = true;

  rows.group("Ports and threads");
  rows.add("port", "8080", "port of the function; 0 picks one", port(&Config::port));
  rows.add("listen_address", "", "address to listen on; empty is every address",
           {apply_listen_address, print_text(&Config::listen_address)});
  rows.add("trusted_proxies", "private",
           "whose X-Forwarded-* and Forwarded count: addresses and networks, private, all or none; "
           "from others they are made anew",
           {apply_trusted_proxies, print_trusted_proxies, {"private", "all", "none"}});
  rows.add("metrics_port", "8081", "port of /metrics and /_/health; 0 is none",
           port(&Config::metrics_port));
  rows.add("workers", "auto",
           "event-loop threads; auto is the CPUs this container may use, at most 4; 1 in fastcgi",
           {apply_workers, print_workers, {"auto"}});

  rows.group("Time");
  rows.add("exec_timeout", "30s",
           "the function's time, 0 is none (0 in classic); a request's X-Timeout may shorten it",
           duration(&Config::exec_timeout));
  rows.add("response_start_timeout", "exec_timeout",
           "http, fastcgi: the function must begin to answer in this time",
           store_optional(&parse_duration, &Config::response_start_timeout))
      .default_follows = true;
  rows.add("read_timeout", "30s", "the client must have sent its request in this time; 0 is none",
           duration(&Config::read_timeout));
  rows.add("write_timeout", "30s", "the client must take some of the answer in this time",
           positive_duration(&Config::write_timeout, "no answer could be sent"));
  rows.add("idle_timeout", "120s",
           "how long a connection waits for its next request; 0 is for ever",
           duration(&Config::idle_timeout));
  rows.add(
      "healthcheck_interval", "",
      "how long to keep serving, unready, after SIGTERM; unset: until 5s pass without a request",
      store_optional(&parse_duration, &Config::healthcheck_interval));
  rows.add("shutdown_timeout", "write_timeout", "from SIGTERM to the end, everything included",
           positive_duration(&Config::shutdown_timeout, "nothing under way could be finished"))
      .default_follows = true;
  rows.add("stop_timeout", "2s",
           "the function's time from stop_signal to SIGKILL; at most a quarter of shutdown_timeout "
           "unless it is set",
           {store_optional(&parse_duration, &Config::stop_timeout).apply,
            [](const Config& config) { return format_duration(stop_timeout(config)); }})
      .default_follows = true;

  rows.group("Load");
  rows.add("max_inflight", "0", "requests at a time, more are answered with 429; 0 is no limit",
           count(&Config::max_inflight));
  rows.add("max_queue", "0", "requests that may wait beyond max_inflight, first come first served",
           count(&Config::max_queue));
  rows.add("queue_timeout", "10s", "how long they may wait before they get 503; 0 is for ever",
           duration(&Config::queue_timeout));
  rows.add("max_body_size", "",
           "largest body of a request, larger ones are answered with 413; 0 is no limit; unset: "
           "64MiB for a body that is collected in memory, 1GiB in a file, none for others",
           store_optional(&parse_size, &Config::max_body_size));

  rows.group("Logs");
  rows.add("prefix_logs", "true", "date, time and stream before each line of the function's",
           boolean(&Config::prefix_logs));
  rows.add(
      "log_buffer_size", "65536",
      "each line of the function's log is shorter, with its prefix; longer ones are split; -1 is "
      "1MiB",
      {apply_log_buffer,
       [](const Config& config) { return text_of(uint64_t{config.log_line_limit}); }});
  rows.add("log_format", "text", "text or json",
           words(&Config::log_format, kLogFormats, "unknown; it accepts text or json"));
  rows.add("access_log", "all", "all, errors or off",
           words(&Config::access_log, kAccessLogs, "unknown; it accepts all, errors or off"));
  rows.add("log_callid", "false", "end access lines with [X-Call-Id]",
           boolean(&Config::log_call_id))
      .aliases = {"log_call_id"};

  rows.group("Classic mode");
  rows.add("combine_output", "true", "classic: stderr is part of the answer",
           boolean(&Config::combine_output))
      .aliases = {"combined_output"};
  rows.add("marshal_request", "false", "classic: give the function header and body as JSON",
           boolean(&Config::marshal_request));
  rows.add("write_debug", "false", "classic: log what the function prints",
           boolean(&Config::write_debug));
  rows.add("read_debug", "false", "classic: log what the function is given",
           boolean(&Config::read_debug));
  rows.add("debug_headers", "false", "classic: log header fields", boolean(&Config::debug_headers));

  rows.group("Function servers");
  rows.add("upstream_url", "", "http, fastcgi: where the function listens",
           {apply_upstream, print_text(&Config::upstream_url)})
      .aliases = {"http_upstream_url"};
  rows.add(
      "instances", "1",
      "http, fastcgi: copies of the function's server; PORT in its environment, and {port} in "
      "fprocess and upstream_url, is a port of its own",
      {apply_instances, [](const Config& config) { return text_of(uint64_t{config.instances}); }});
  rows.add("startup_timeout", "60s", "http, fastcgi: the function must accept connections by then",
           duration(&Config::startup_timeout));
  rows.add("ready_path", "", "http: /_/ready asks the function at this path",
           {apply_ready_path, print_text(&Config::ready_path)});
  rows.add("http_buffer_req_body", "false", "http: collect a chunked body and send its length",
           boolean(&Config::buffer_request_body))
      .aliases = {"buffer_http"};
  rows.add("restart", "no", "http, fastcgi: no, on-failure or always",
           words(&Config::restart, kRestarts, "unknown; it accepts no, on-failure or always"));
  rows.add("watch", "",
           "http, fastcgi: a folder; when its files change the function is started again and "
           "requests wait, for work on a function",
           folder(&Config::watch));
  rows.add(
      "hung_after", "0",
      "http, fastcgi: so many exec timeouts in a row make it unready, and start the function again "
      "where restart allows; 0 is never",
      count(&Config::hung_after, 1'000'000));
  rows.add("stop_signal", "TERM", "http, fastcgi: the signal that asks the function to end",
           stop_signal());

  rows.group("Scripts");
  rows.add("document_root", "",
           "cgi, fastcgi: the folder of the application, whose files are served and whose scripts "
           "run; unset: all goes to script in the current folder",
           folder(&Config::document_root));
  rows.add("script", "index.php",
           "cgi, fastcgi: what answers paths that name no file, below document_root; a program "
           "that is not PHP's may do without",
           {apply_script, print_text(&Config::script)})
      .default_follows = true;
  rows.add("script_name_prefix", "",
           "cgi, fastcgi: where clients find the application, such as /function/name, in "
           "SCRIPT_NAME and REQUEST_URI; X-Forwarded-Prefix: as a trusted proxy says",
           {apply_script_name_prefix, print_text(&Config::script_name_prefix)});
  rows.add(
          "server_software", "fwatchdog/VERSION",
          "cgi, fastcgi: what SERVER_SOFTWARE says, for applications that go by it; WordPress offers "
          "permalinks without index.php to nginx",
          field_value(&Config::server_software))
      .default_follows = true;
  rows.add("accel_root", "",
           "cgi, fastcgi, cgi_response: the folder of files that the application leaves to us to "
           "send, by X-Accel-Redirect or X-Sendfile",
           folder(&Config::accel_root));
  rows.add("cgi_response", "false",
           "streaming: an answer that begins with Status:, Content-Type: or Location: has a head",
           boolean(&Config::cgi_response));

  rows.group("Static sites");
  rows.add("static_path", "/home/app/public", "static: the folder served",
           folder(&Config::static_path));
  rows.add("symlinks", "by mode",
           "which symbolic links are followed to files and scripts: inside, those that stay in the "
           "folder, as in static; any, as in cgi and fastcgi with document_root",
           {apply_symlinks, print_symlinks, {"inside", "any"}})
      .default_follows = true;
  rows.add("static_fallback", "",
           "static: the page for paths that name no file, such as /index.html",
           file_path(&Config::static_fallback));
  rows.add("static_404", "", "static: the page that says so, such as /404.html",
           file_path(&Config::static_404));
  rows.add("static_cache_control", kByName,
           "Cache-Control of every file; by name: no-cache, for ever where a build tool put a hash "
           "into the name; unset in cgi and fastcgi: no-cache",
           field_value(&Config::static_cache_control))
      .default_follows = true;
  rows.add("static_cors", "", "static: which origin's pages may read the files, * is any",
           {apply_cors, print_text(&Config::static_cors)});
  rows.add("static_gzip", "true", "static: compress what is not compressed already",
           boolean(&Config::static_gzip));
  rows.add("static_cache", "16MiB", "static: memory for small and compressed files, 0 is none",
           size(&Config::static_cache));
  rows.add("static_listing", "false", "static: list folders that have no index.html",
           boolean(&Config::static_listing));

  rows.group("Health and tokens");
  rows.add("suppress_lock", "false", "write no lock file", boolean(&Config::suppress_lock));
  rows.add("jwt_auth", "false", "check OpenFaaS function tokens", boolean(&Config::jwt_auth));
  rows.add("jwt_auth_debug", "false", "log what is wrong with them",
           boolean(&Config::jwt_auth_debug));
  rows.add("jwt_auth_local", "false", "take their keys from a gateway on this machine",
           boolean(&Config::jwt_auth_local));
  return rows.take();
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

std::string_view stop_signal_name(int number) {
  for (const StopSignal& signal : kStopSignals) {
    if (signal.number == number) return signal.name;
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

#pragma once

#include <csignal>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address_set.h"
#include "base/log.h"
#include "base/time.h"
#include "process/restart.h"

namespace watchdog {

enum class ModeName { kStreaming, kSerializing, kClassic, kHttp, kStatic, kCgi, kFastcgi };
// Which symbolic links lead to files and scripts: those that stay inside the folder, or all.
enum class Symlinks { kInside, kAny };
enum class AccessLog { kAll, kErrors, kOff };

// The value of content_type that has an answer's type told by its first bytes.
inline constexpr std::string_view kSniffContentType = "auto";

// Everything a user can set, parsed and checked. Made once, before any thread starts; read-only
// after. The meaning of each field is in the option table (option_table.cc), which is also --help
// and the README's table.
struct Config {
  std::vector<std::string> command;  // argv; empty when no fprocess is set
  ModeName mode = ModeName::kStreaming;
  std::string upstream_url;
  std::string document_root;       // empty: no files are served
  std::string script;              // relative to it; empty: FrontController decides
  std::string script_name_prefix;  // empty, "/prefix", or "X-Forwarded-Prefix"
  std::string server_software;     // SERVER_SOFTWARE; empty: ours
  std::string accel_root;          // empty: no files are sent for applications
  std::string static_path;
  std::optional<Symlinks> symlinks;  // unset: follows_all_links() decides
  std::string static_fallback;       // empty, or "/name"
  std::string static_404;            // the same
  std::string static_cache_control;  // empty: caches_by_name() decides
  std::string static_cors;           // empty: off
  uint64_t static_cache = 0;         // bytes, of all workers
  bool static_gzip = true;
  bool static_listing = false;
  uint16_t port = 8080;
  std::string listen_address;  // empty: any
  AddressSet trusted_proxies;
  bool trusted_proxies_named = false;  // by the user; else it is the default
  uint16_t metrics_port = 8081;
  Duration read_timeout{};
  Duration write_timeout{};
  Duration exec_timeout{};                         // 0: none
  std::optional<Duration> response_start_timeout;  // unset: exec_timeout
  Duration idle_timeout{};
  std::optional<Duration> healthcheck_interval;
  Duration shutdown_timeout{};
  std::optional<Duration> stop_timeout;  // unset: stop_timeout() decides
  int stop_signal = SIGTERM;
  unsigned hung_after = 0;  // 0: never
  unsigned instances = 1;
  std::string watch;  // a folder; empty: none
  Duration startup_timeout{};
  std::string ready_path;
  uint64_t max_inflight = 0;  // 0: no limit
  uint64_t max_queue = 0;
  Duration queue_timeout{};
  std::optional<uint64_t>
      max_body_size;         // bytes; 0: no limit; unset: only what is collected has one
  std::string content_type;  // or kSniffContentType; classic: empty mirrors the request's
  bool buffer_request_body = false;
  bool prefix_logs = true;
  size_t log_line_limit = 65536;  // bytes
  log::Format log_format = log::Format::kText;
  AccessLog access_log = AccessLog::kAll;
  bool log_call_id = false;
  bool suppress_lock = false;
  Restart restart = Restart::kNo;
  unsigned workers = 0;  // 0: auto
  bool cgi_headers = true;
  bool cgi_response = false;
  std::optional<bool> kill_on_disconnect;  // unset: the mode decides
  bool combine_output = true;
  bool marshal_request = false;
  bool write_debug = false;
  bool read_debug = false;
  bool debug_headers = false;
  bool jwt_auth = false;
  bool jwt_auth_debug = false;
  bool jwt_auth_local = false;
};

std::string_view mode_name(ModeName mode);
// "TERM" for SIGTERM, of those that stop_signal accepts.
std::string_view stop_signal_name(int number);
// Whether each request starts a process of its own.
constexpr bool forks_for_each_request(ModeName mode) {
  return mode != ModeName::kHttp && mode != ModeName::kStatic && mode != ModeName::kFastcgi;
}

// Whether a server of the function's own is kept running, or at least asked.
constexpr bool has_warm_function(ModeName mode) {
  return mode == ModeName::kHttp || mode == ModeName::kFastcgi;
}
// Whether scripts answer, and files where there is a document_root.
constexpr bool has_scripts(ModeName mode) {
  return mode == ModeName::kCgi || mode == ModeName::kFastcgi;
}

// Whether what the function prints may begin with a CGI head.
constexpr bool reads_cgi_heads(const Config& config) {
  return has_scripts(config.mode) || (config.mode == ModeName::kStreaming && config.cgi_response);
}

// What static_cache_control says for "by the file's name".
inline constexpr std::string_view kByName = "by name";
// Whether what a build tool has named by its content is cached for ever: only where it was asked for
// beside scripts, as people upload files to applications.
inline bool caches_by_name(const Config& config) {
  return config.static_cache_control == kByName ||
         (config.static_cache_control.empty() && !has_scripts(config.mode));
}

// symlinks=any, or unset in modes with scripts: whoever deploys them runs what they like anyway, and
// frameworks publish files by links.
constexpr bool follows_all_links(const Config& config) {
  return config.symlinks ? *config.symlinks == Symlinks::kAny : has_scripts(config.mode);
}

// The most bytes of a body that are collected before they are used, in memory or in a file.
struct CollectionLimits {
  uint64_t in_memory;
  uint64_t in_file;
};
// What max_body_size says, or, so that no client can fill the memory or the disk of a function whose
// author never thought of it, 64 MiB and 1 GiB.
CollectionLimits collection_limits(const Config& config);

// How long functions have from being asked to end until they are killed: stop_timeout, or 2 s but
// at most a quarter of shutdown_timeout.
Duration stop_timeout(const Config& config);

// How an option's value is read and shown.
struct OptionValue {
  // What a shell completes it with.
  enum class Completion { kChoices, kFolders, kCommands };
  using Apply = std::function<std::optional<std::string>(Config&, std::string_view text)>;
  using Print = std::function<std::optional<std::string>(const Config&)>;

  Apply apply;  // takes `text` into the config, or says in a few words why it cannot
  // The value as `apply` takes it, on one line and in one spelling; nothing where it is unset.
  Print print;
  std::vector<std::string_view> choices{};  // those that can be named; mostly there are none
  Completion completion = Completion::kChoices;
};

// One row of the option table.
struct Option {
  std::string_view name;                  // "exec_timeout"; --exec-timeout on the command line
  std::vector<std::string_view> aliases;  // other names; the last one set wins
  std::string_view default_text;          // as --help prints it
  std::string_view meaning;
  OptionValue value;
  // default_text is not a value: other options decide.
  bool default_follows = false;
  std::string_view group{};  // the heading in --help
};

// The whole table, in the order in which --help prints it.
std::span<const Option> options();

// The table as README shows it.
std::string option_table_markdown();

// "exec-timeout" for "exec_timeout".
std::string long_option(std::string_view name);

struct Setting {
  std::string name;  // an Option's name or alias
  std::string text;
};

// What came of reading a configuration.
struct ConfigOutcome {
  Config config;
  std::vector<std::string> errors;    // one line each; any: the start is refused
  std::vector<std::string> warnings;  // one line each, worth a look
};

// Reads the environment through `getenv` (nullptr when unset), then the command line's settings,
// which win. `command` is what came after "--", empty when nothing did; it wins over fprocess.
// An option set to the empty string counts as unset.
ConfigOutcome read_config(const std::function<const char*(const char*)>& getenv,
                          const std::vector<Setting>& command_line,
                          const std::vector<std::string>& command);

// A line for every option as it will be used, in the table's order, for --check-config: "name=value",
// or "# name: ..." where nothing is set and other options, or none, decide. Given back as an
// environment (docker run --env-file takes the lines as they are), they mean the same.
std::string describe(const Config& config);

}  // namespace watchdog

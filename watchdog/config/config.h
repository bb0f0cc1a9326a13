#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address_set.h"
#include "base/log.h"
#include "base/time.h"
#include "config/mode_info.h"
#include "process/restart.h"

namespace watchdog {

// Which symbolic links lead to files and scripts: those that stay inside the folder, or all.
enum class Symlinks { kInside, kAny };
enum class AccessLog { kAll, kErrors, kOff };
// What a request's process comes from.
enum class WarmStart {
  kOff,     // it is started for the request
  kSpare,   // it has been started before the request came
  kZygote,  // it is a fork of one that has
  kAuto,    // the best of them that responds as kOff does
};

// The value of content_type that has a response's type told by its first bytes.
inline constexpr std::string_view kSniffContentType = "auto";

// Where an option that the user has set was set.
struct OptionOrigin {
  std::string_view name;  // of the Option
  bool on_command_line;   // else in the environment
};

// Everything a user can set, parsed and checked. Made once, before any thread starts; read-only
// after. Meanings and defaults are in the option table (options.h) and nowhere else: a Config that
// was not made by default_config() or read_config() has everything off.
struct Config {
  std::vector<std::string> command;  // argv; empty when no fprocess is set
  ModeInfo mode;
  std::string upstream_url;
  std::string document_root;       // empty: no files are served
  std::string script;              // relative to it; empty: FrontController decides
  std::string script_name_prefix;  // empty, "/prefix", or "X-Forwarded-Prefix"
  std::string server_software;     // SERVER_SOFTWARE; empty: ours
  std::string accel_root;          // empty: no files are sent for applications
  std::string static_path;
  std::string secrets_env;  // a prefix; empty: no variables
  std::string secrets_folder;
  std::optional<Symlinks> symlinks;  // unset: follows_all_links() decides
  std::string static_fallback;       // empty, or "/name"
  std::string static_404;            // the same
  std::string static_cache_control;  // empty: caches_by_name() decides
  std::string static_cors;           // empty: off
  uint64_t static_cache{};           // bytes, of all workers
  bool static_gzip{};
  bool static_listing{};
  uint16_t port{};
  std::string listen_address;  // empty: any
  AddressSet trusted_proxies;
  bool trusted_proxies_named{};  // by the user; else it is the default
  uint16_t metrics_port{};
  Duration read_timeout{};
  Duration write_timeout{};
  Duration exec_timeout{};                         // 0: none
  std::optional<Duration> response_start_timeout;  // unset: exec_timeout
  Duration idle_timeout{};
  std::optional<Duration> healthcheck_interval;
  Duration shutdown_timeout{};
  std::optional<Duration> stop_timeout;  // unset: stop_timeout() decides
  int stop_signal{};
  unsigned hung_after{};  // 0: never
  unsigned instances{};
  std::string watch;  // a folder; empty: none
  Duration startup_timeout{};
  std::string ready_path;
  uint64_t max_inflight{};  // 0: no limit
  uint64_t max_queue{};
  Duration queue_timeout{};
  std::optional<uint64_t>
      max_body_size;         // bytes; 0: no limit; unset: only what is collected has one
  std::string content_type;  // or kSniffContentType; classic: empty mirrors the request's
  bool buffer_request_body{};
  bool prefix_logs{};
  size_t log_line_limit{};  // bytes
  log::Format log_format{};
  AccessLog access_log{};
  bool log_call_id{};
  bool suppress_lock{};
  Restart restart{};
  unsigned workers{};  // 0: auto
  unsigned warm_spares{};
  std::optional<Duration> warm_max_age;  // unset: any age
  WarmStart warm_start{};
  bool cgi_headers{};
  bool cgi_response{};
  std::optional<bool> kill_on_disconnect;  // unset: the mode decides
  std::optional<bool> status_page;         // unset: on a terminal, for this machine
  bool combine_output{};
  bool marshal_request{};
  bool write_debug{};
  bool read_debug{};
  bool debug_headers{};
  bool jwt_auth{};
  bool jwt_auth_debug{};
  bool jwt_auth_local{};
  std::string jwt_auth_url;   // empty: OpenFaaS' gateway
  std::string auth_issuer;    // empty: no tokens but those of jwt_auth
  std::string auth_audience;  // set where auth_issuer is
  std::string auth_jwks;      // an absolute path or an http URL; empty: auth_issuer says where
  std::string auth_hmac;      // WebhookScheme::parse() takes it; empty: no signatures
  std::string auth_hmac_secret_file;
  // OpenTelemetry's, as they were given: trace_settings() reads them.
  std::string otlp_endpoint;  // empty: none, as the next
  std::string otlp_traces_endpoint;
  std::string otlp_headers;
  std::string otlp_timeout;
  std::string otlp_compression;
  std::string otel_service_name;
  std::string otel_resource_attributes;
  std::string otel_sampler;
  std::string otel_sampler_arg;
  std::string otel_traces_exporter;
  std::string otel_disabled;
  std::string bsp_schedule_delay;
  std::string bsp_max_queue_size;
  std::string bsp_max_export_batch_size;
  std::vector<OptionOrigin> origins;  // of all that are set, in no order
};

// Whether what the function prints may begin with a CGI head.
constexpr bool reads_cgi_heads(const Config& config) {
  return config.mode.is(kRunsScripts) || (config.mode.is(kOffersHead) && config.cgi_response);
}

// What static_cache_control says for "by the file's name".
inline constexpr std::string_view kByName = "by name";
// Whether what a build tool has named by its content is cached for ever: only where it was asked
// for beside scripts, as people upload files to applications.
inline bool caches_by_name(const Config& config) {
  return config.static_cache_control == kByName ||
         (config.static_cache_control.empty() && !config.mode.is(kRunsScripts));
}

// symlinks=any, or unset in modes with scripts: whoever deploys them runs what they like anyway,
// and frameworks publish files by links.
constexpr bool follows_all_links(const Config& config) {
  return config.symlinks ? *config.symlinks == Symlinks::kAny : config.mode.is(kRunsScripts);
}

// The most bytes of a body that are collected before they are used, in memory or in a file.
struct CollectionLimits {
  uint64_t in_memory;
  uint64_t in_file;
};
// What max_body_size says, or, so that no client can fill the memory or the disk of a function
// whose author never thought of it, 64 MiB and 1 GiB.
CollectionLimits collection_limits(const Config& config);

// How long functions have from being asked to end until they are killed: stop_timeout, or 2 s but
// at most a quarter of shutdown_timeout.
Duration stop_timeout(const Config& config);

}  // namespace watchdog

#include "config/options.h"

namespace watchdog {

namespace {

using namespace std::string_view_literals;

constexpr OptionGroup kFunctionGroup{"The function"};
constexpr OptionGroup kPortGroup{"Ports and threads"};
constexpr OptionGroup kTimeGroup{"Time"};
constexpr OptionGroup kLoadGroup{"Load"};
constexpr OptionGroup kLogGroup{"Logs"};
constexpr OptionGroup kHealthGroup{"Health"};

constexpr Word<log::Format> kLogFormats[] = {{"text", log::Format::kText},
                                             {"json", log::Format::kJson}};
constexpr Word<AccessLog> kAccessLogs[] = {
    {"all", AccessLog::kAll}, {"errors", AccessLog::kErrors}, {"off", AccessLog::kOff}};
constexpr std::string_view kOfLogFormats = "a log format";
constexpr std::string_view kOfAccessLogs = "a kind of access log";
constexpr auto kLogFormat = word_type<log::Format, kLogFormats, kOfLogFormats>();
constexpr auto kAccessLog = word_type<AccessLog, kAccessLogs, kOfAccessLogs>();

std::string_view without_limit(const Config& config) {
  return config.max_inflight == 0 ? "max_inflight sets no limit"sv : ""sv;
}

std::string_view beyond_exec_timeout(const Config& config) {
  const bool later = config.exec_timeout != Duration::zero() &&
                     config.response_start_timeout.value_or(Duration::zero()) > config.exec_timeout;
  return config.mode.is(kKeepsWarm) && later ? "exec_timeout is shorter"sv : ""sv;
}

// Nothing where it is the default: REMOTE_ADDR follows only what was named.
std::optional<std::string> print_trusted_proxies(const Config& config) {
  std::string text = config.trusted_proxies.text();
  if (!config.trusted_proxies_named && text == "private") return std::nullopt;
  return text;
}

constexpr Option kCommonOptions[] = {
    {.name = "fprocess",
     .alias = "function_process",
     .group = &kFunctionGroup,
     .only = {kForks | kKeepsWarm},
     .value = bind<&Config::command, kCommand>(),
     .no_effect =
         [](const Config& config) {
           return config.mode.is(kServesSite) ? "mode=static serves files"sv : ""sv;
         },
     .meaning = "the function's command: words as a shell splits them, or a JSON array; it "
                "may also follow --"},
    {.name = "mode",
     .group = &kFunctionGroup,
     .value = bind<&Config::mode, kMode>(),
     .usual = {"streaming"},
     .meaning = "how requests are answered"},
    {.name = "secrets_env",
     .group = &kFunctionGroup,
     .only = {kForks | kKeepsWarm},
     .value = bind<&Config::secrets_env, kVariablePrefix>(),
     .meaning = "give the function each secret as a variable of this prefix and the name of its "
                "file; it alone has them"},
    {.name = "secrets_folder",
     .group = &kFunctionGroup,
     .only = {kForks | kKeepsWarm},
     .value = bind<&Config::secrets_folder, kFolder>(),
     .usual = {"/var/openfaas/secrets"},
     .no_effect =
         [](const Config& config) {
           return config.secrets_env.empty() ? "secrets_env is not set"sv : ""sv;
         },
     .meaning = "the folder that has them, one a file"},
    {.name = "port",
     .group = &kPortGroup,
     .value = bind<&Config::port, kPort>(),
     .usual = {"8080"},
     .meaning = "port of the function; 0 picks one"},
    {.name = "listen_address",
     .group = &kPortGroup,
     .value = bind<&Config::listen_address, kListenAddress>(),
     .meaning = "address to listen on; unset is every address"},
    {.name = "trusted_proxies",
     .group = &kPortGroup,
     .only = {kForks | kKeepsWarm},
     .value = bind<&Config::trusted_proxies, kAddresses>().shown_by(print_trusted_proxies),
     .usual = {"private"},
     .no_effect =
         [](const Config& config) {
           return config.mode.is(kServesSite) ? "a file is the same for everybody"sv : ""sv;
         },
     .meaning = "whose X-Forwarded-* and Forwarded count: addresses and networks, private, all "
                "or none; from others they are made anew"},
    {.name = "metrics_port",
     .group = &kPortGroup,
     .value = bind<&Config::metrics_port, kPort>(),
     .usual = {"8081"},
     .meaning = "port of /metrics and /_/health; 0 is none"},
    {.name = "status_page",
     .group = &kPortGroup,
     .value = bind<&Config::status_page, kBoolean>(),
     .usual = {"on a terminal", true},
     .meaning = "show what it does at /_/status on metrics_port, for people"},
    {.name = "workers",
     .group = &kPortGroup,
     .value = bind<&Config::workers, kWorkers>(),
     .usual = {"auto"},
     .elsewhere = {kSpeaksFastcgi},
     .unusual = {"1", true},
     .meaning = "event-loop threads; auto is the CPUs this container may use, at most 4"},
    {.name = "exec_timeout",
     .group = &kTimeGroup,
     .value = bind<&Config::exec_timeout, kDuration>(),
     .usual = {"30s"},
     .elsewhere = {.name = "classic"},
     .unusual = {"0s"},
     .meaning = "the function's time, 0 is no limit; a request's X-Timeout may shorten it"},
    {.name = "response_start_timeout",
     .group = &kTimeGroup,
     .only = {kKeepsWarm},
     .value = bind<&Config::response_start_timeout, kDuration>(),
     .usual = {"exec_timeout", true},
     .no_effect = beyond_exec_timeout,
     .meaning = "the function must begin to respond in this time"},
    {.name = "read_timeout",
     .group = &kTimeGroup,
     .value = bind<&Config::read_timeout, kDuration>(),
     .usual = {"30s"},
     .meaning = "the client must have sent its request in this time; 0 is no limit"},
    {.name = "write_timeout",
     .group = &kTimeGroup,
     .value = bind<&Config::write_timeout, kProgressTimeout>(),
     .usual = {"30s"},
     .meaning = "the client must take some of the response in this time"},
    {.name = "idle_timeout",
     .group = &kTimeGroup,
     .value = bind<&Config::idle_timeout, kDuration>(),
     .usual = {"120s"},
     .meaning = "how long a connection waits for its next request; 0 is for ever"},
    {.name = "healthcheck_interval",
     .group = &kTimeGroup,
     .value = bind<&Config::healthcheck_interval, kDuration>(),
     .meaning = "how long to keep serving, unready, after SIGTERM; unset: until 5s pass without "
                "a request"},
    {.name = "shutdown_timeout",
     .group = &kTimeGroup,
     .value = bind<&Config::shutdown_timeout, kShutdownTimeout>(),
     .usual = {"write_timeout", true},
     .meaning = "from SIGTERM to the end, everything included"},
    {.name = "stop_timeout",
     .group = &kTimeGroup,
     .value = bind<&Config::stop_timeout, kDuration>().shown_by(
         [](const Config& config) { return std::optional(format_duration(stop_timeout(config))); }),
     .usual = {"2s", true},
     .meaning = "the time of the function from stop_signal to SIGKILL; at most a quarter of "
                "shutdown_timeout unless it is set"},
    {.name = "max_inflight",
     .group = &kLoadGroup,
     .value = bind<&Config::max_inflight, kCount>(),
     .usual = {"0"},
     .meaning = "requests at a time, more get 429; 0 is no limit"},
    {.name = "max_queue",
     .group = &kLoadGroup,
     .value = bind<&Config::max_queue, kCount>(),
     .usual = {"0"},
     .no_effect = without_limit,
     .meaning = "requests that may wait beyond max_inflight, first come first served"},
    {.name = "queue_timeout",
     .group = &kLoadGroup,
     .value = bind<&Config::queue_timeout, kDuration>(),
     .usual = {"10s"},
     .no_effect = without_limit,
     .meaning = "how long they may wait before they get 503; 0 is for ever"},
    {.name = "max_body_size",
     .group = &kLoadGroup,
     .value = bind<&Config::max_body_size, kSize>(),
     .meaning = "largest body of a request, larger ones get 413; 0 is no limit; unset: 64MiB "
                "for a body that is collected in memory, 1GiB in a file, none for others"},
    {.name = "prefix_logs",
     .group = &kLogGroup,
     .value = bind<&Config::prefix_logs, kBoolean>(),
     .usual = {"true"},
     .meaning = "date, time and stream before each line of the function"},
    {.name = "log_buffer_size",
     .group = &kLogGroup,
     .value = bind<&Config::log_line_limit, kLineLimit>(),
     .usual = {"65536"},
     .meaning = "each line of the log of the function is shorter, with its prefix; longer ones "
                "are split; -1 is 1MiB"},
    {.name = "log_format",
     .group = &kLogGroup,
     .value = bind<&Config::log_format, kLogFormat>(),
     .usual = {"text"},
     .meaning = "text or json"},
    {.name = "access_log",
     .group = &kLogGroup,
     .value = bind<&Config::access_log, kAccessLog>(),
     .usual = {"all"},
     .meaning = "all, errors or off"},
    {.name = "log_callid",
     .alias = "log_call_id",
     .group = &kLogGroup,
     .value = bind<&Config::log_call_id, kBoolean>(),
     .usual = {"false"},
     .meaning = "end access lines with [X-Call-Id]"},
    {.name = "suppress_lock",
     .group = &kHealthGroup,
     .value = bind<&Config::suppress_lock, kBoolean>(),
     .usual = {"false"},
     .meaning = "write no lock file"},
};

}  // namespace

std::span<const Option> common_options() {
  return kCommonOptions;
}

}  // namespace watchdog

#include "config/options.h"

namespace watchdog {

namespace {

using namespace std::string_view_literals;

constexpr OptionGroup kForkGroup{"A process per request", {kForks}};
constexpr OptionGroup kClassicGroup{"Classic watchdog", {.name = "classic"}};
constexpr OptionGroup kServerGroup{"Function servers", {kKeepsWarm}};
constexpr OptionGroup kScriptGroup{"Scripts", {kRunsScripts}};
constexpr OptionGroup kSiteGroup{"Static sites", {kServesSite}};

constexpr Word<Restart> kRestarts[] = {
    {"no", Restart::kNo}, {"on-failure", Restart::kOnFailure}, {"always", Restart::kAlways}};
constexpr Word<Symlinks> kSymlinks[] = {{"inside", Symlinks::kInside}, {"any", Symlinks::kAny}};
constexpr std::string_view kOfRestarts = "a restart policy";
constexpr std::string_view kOfSymlinks = "a rule for links";
constexpr Word<WarmStart> kWarmStarts[] = {{"off", WarmStart::kOff},
                                           {"spare", WarmStart::kSpare},
                                           {"zygote", WarmStart::kZygote},
                                           {"auto", WarmStart::kAuto}};
constexpr std::string_view kOfWarmStarts = "a kind of start";
constexpr auto kWarmStart = word_type<WarmStart, kWarmStarts, kOfWarmStarts>();
constexpr auto kRestart = word_type<Restart, kRestarts, kOfRestarts>();
constexpr auto kLinks = word_type<Symlinks, kSymlinks, kOfSymlinks>();

std::string_view without_process(const Config& config) {
  const bool elsewhere = config.mode.is(kKeepsWarm) && config.command.empty();
  return elsewhere ? "there is no fprocess to start again"sv : ""sv;
}

std::string_view without_warm_start(const Config& config) {
  const bool cold = config.mode.is(kStartsAhead) && config.warm_start == WarmStart::kOff;
  return cold ? "warm_start is off"sv : ""sv;
}

std::string_view without_exec_timeout(const Config& config) {
  const bool unlimited = config.mode.is(kKeepsWarm) && config.exec_timeout == Duration::zero();
  return unlimited ? "exec_timeout sets no limit"sv : ""sv;
}

std::string_view without_files(const Config& config) {
  if (!config.mode.is(kRunsScripts))
    return config.mode.is(kServesSite) ? "" : "it is for mode=static";
  return config.document_root.empty() ? "files are served where document_root is set"sv : ""sv;
}

std::string_view without_links(const Config& config) {
  const bool sends_files = reads_cgi_heads(config) && !config.accel_root.empty();
  return sends_files ? ""sv : without_files(config);
}

constexpr Option kModeOptions[] = {
    {.name = "cgi_headers",
     .group = &kForkGroup,
     .value = bind<&Config::cgi_headers, kBoolean>(),
     .usual = {"true"},
     .meaning = "give the function the request as Http_* variables"},
    {.name = "content_type",
     .group = &kForkGroup,
     .only = {kNamesType},
     .value = bind<&Config::content_type, kFieldValue>(),
     .usual = {"application/octet-stream"},
     .elsewhere = {.name = "classic"},
     .unusual = {"the request's, else auto", true},
     .meaning = "Content-Type of the response; auto is what its first bytes look like"},
    {.name = "kill_on_disconnect",
     .group = &kForkGroup,
     .value = bind<&Config::kill_on_disconnect, kBoolean>(),
     .usual = {"true", true},
     .elsewhere = {kCollects},
     .unusual = {"false", true},
     .meaning = "end the function when its client has gone"},
    {.name = "warm_start",
     .group = &kForkGroup,
     .only = {kStartsAhead},
     .value = bind<&Config::warm_start, kWarmStart>(),
     .usual = {"off"},
     .meaning = "what a request's process comes from: off, it is started for it; spare, it was "
                "started before; zygote, it is a fork of one that was; auto, the best of them that "
                "gives the same response"},
    {.name = "warm_spares",
     .group = &kForkGroup,
     .only = {kStartsAhead},
     .value = bind<&Config::warm_spares, kInstances>(),
     .usual = {"2"},
     .no_effect = without_warm_start,
     .meaning = "spare: how many processes wait for a request, in each worker"},
    {.name = "warm_max_age",
     .group = &kForkGroup,
     .only = {kStartsAhead},
     .value = bind<&Config::warm_max_age, kDuration>(),
     .no_effect = without_warm_start,
     .meaning = "what was started before its request is replaced at this age"},
    {.name = "combine_output",
     .alias = "combined_output",
     .group = &kClassicGroup,
     .value = bind<&Config::combine_output, kBoolean>(),
     .usual = {"true"},
     .meaning = "stderr is part of the response"},
    {.name = "marshal_request",
     .group = &kClassicGroup,
     .value = bind<&Config::marshal_request, kBoolean>(),
     .usual = {"false"},
     .meaning = "give the function header and body as JSON"},
    {.name = "write_debug",
     .group = &kClassicGroup,
     .value = bind<&Config::write_debug, kBoolean>(),
     .usual = {"false"},
     .meaning = "log what the function prints"},
    {.name = "read_debug",
     .group = &kClassicGroup,
     .value = bind<&Config::read_debug, kBoolean>(),
     .usual = {"false"},
     .meaning = "log what the function is given"},
    {.name = "debug_headers",
     .group = &kClassicGroup,
     .value = bind<&Config::debug_headers, kBoolean>(),
     .usual = {"false"},
     .meaning = "log header fields"},
    {.name = "upstream_url",
     .alias = "http_upstream_url",
     .group = &kServerGroup,
     .value = bind<&Config::upstream_url, kUpstream>(),
     .meaning = "where the function listens"},
    {.name = "instances",
     .group = &kServerGroup,
     .value = bind<&Config::instances, kInstances>(),
     .usual = {"1"},
     .meaning = "copies of the function's server; PORT in its environment, and {port} in "
                "fprocess and upstream_url, is a port of its own"},
    {.name = "startup_timeout",
     .group = &kServerGroup,
     .value = bind<&Config::startup_timeout, kDuration>(),
     .usual = {"60s"},
     .meaning = "the function must accept connections by then"},
    {.name = "ready_path",
     .group = &kServerGroup,
     .only = {kSpeaksHttp},
     .value = bind<&Config::ready_path, kReadyPath>(),
     .meaning = "/_/ready asks the function at this path"},
    {.name = "http_buffer_req_body",
     .alias = "buffer_http",
     .group = &kServerGroup,
     .only = {kSpeaksHttp},
     .value = bind<&Config::buffer_request_body, kBoolean>(),
     .usual = {"false"},
     .meaning = "collect a chunked body and send its length"},
    {.name = "restart",
     .group = &kServerGroup,
     .value = bind<&Config::restart, kRestart>(),
     .usual = {"no"},
     .no_effect = without_process,
     .meaning = "what to do when the function has ended: no, on-failure or always"},
    {.name = "watch",
     .group = &kServerGroup,
     .only = {kKeepsWarm | kForks},
     .value = bind<&Config::watch, kFolder>(),
     .no_effect = without_process,
     .meaning = "a folder, for work on a function: a change in it is logged, and a server is "
                "started again while requests wait; with warm_start they do not wait"},
    {.name = "hung_after",
     .group = &kServerGroup,
     .value = bind<&Config::hung_after, kUpToAMillion>(),
     .usual = {"0"},
     .no_effect = without_exec_timeout,
     .meaning = "after this many exec timeouts in a row the function is unready, and is started "
                "again where restart allows it; 0 is never"},
    {.name = "stop_signal",
     .group = &kServerGroup,
     .value = bind<&Config::stop_signal, kSignal>(),
     .usual = {"TERM"},
     .no_effect =
         [](const Config& config) {
           return without_process(config).empty() ? ""sv : "there is no fprocess to end"sv;
         },
     .meaning = "the signal that asks the function to end"},
    {.name = "document_root",
     .group = &kScriptGroup,
     .value = bind<&Config::document_root, kFolder>(),
     .meaning = "the folder of the application, whose files are served and whose scripts run; "
                "unset: all goes to script in the current folder"},
    {.name = "script",
     .group = &kScriptGroup,
     .value = bind<&Config::script, kScript>(),
     .usual = {"index.php", true},
     .meaning = "the script that gets the requests for paths that name no file, below "
                "document_root; a program that is not PHP may do without"},
    {.name = "script_name_prefix",
     .group = &kScriptGroup,
     .value = bind<&Config::script_name_prefix, kScriptNamePrefix>(),
     .meaning = "where clients find the application, such as /function/name, in SCRIPT_NAME and "
                "REQUEST_URI; X-Forwarded-Prefix: as a trusted proxy says"},
    {.name = "server_software",
     .group = &kScriptGroup,
     .value = bind<&Config::server_software, kFieldValue>(),
     .usual = {"fwatchdog/VERSION", true},
     .meaning = "what SERVER_SOFTWARE says, for applications that go by it; WordPress offers "
                "permalinks without index.php to nginx"},
    {.name = "accel_root",
     .group = &kScriptGroup,
     .only = {kRunsScripts | kOffersHead},
     .value = bind<&Config::accel_root, kFolder>(),
     .no_effect =
         [](const Config& config) {
           if (reads_cgi_heads(config)) return ""sv;
           return "it is for mode=cgi, mode=fastcgi and cgi_response=true"sv;
         },
     .meaning = "the folder of files that the application leaves to us to send, by X-Accel- "
                "Redirect or X-Sendfile; streaming: with cgi_response"},
    {.name = "cgi_response",
     .group = &kScriptGroup,
     .only = {kOffersHead},
     .value = bind<&Config::cgi_response, kBoolean>(),
     .usual = {"false"},
     .meaning = "a response that begins with Status:, Content-Type: or Location: has a head"},
    {.name = "static_path",
     .group = &kSiteGroup,
     .value = bind<&Config::static_path, kFolder>(),
     .usual = {"/home/app/public"},
     .meaning = "the folder served"},
    {.name = "symlinks",
     .group = &kSiteGroup,
     .only = {kServesSite | kRunsScripts | kOffersHead},
     .value = bind<&Config::symlinks, kLinks>(),
     .usual = {"inside", true},
     .elsewhere = {kRunsScripts},
     .unusual = {"any", true},
     .no_effect = without_links,
     .meaning = "which symbolic links are followed to files and scripts: inside, those that "
                "stay in the folder; any"},
    {.name = "static_fallback",
     .group = &kSiteGroup,
     .value = bind<&Config::static_fallback, kSiteFile>(),
     .meaning = "the page for paths that name no file, such as /index.html"},
    {.name = "static_404",
     .group = &kSiteGroup,
     .value = bind<&Config::static_404, kSiteFile>(),
     .meaning = "the page for missing files, such as /404.html"},
    {.name = "static_cache_control",
     .group = &kSiteGroup,
     .only = {kServesSite | kRunsScripts},
     .value = bind<&Config::static_cache_control, kFieldValue>(),
     .usual = {kByName, true},
     .elsewhere = {kRunsScripts},
     .unusual = {"no-cache", true},
     .no_effect = without_files,
     .meaning = "Cache-Control of every file; by name: no-cache, for ever where a build tool "
                "put a hash into the name"},
    {.name = "static_cors",
     .group = &kSiteGroup,
     .only = {kServesSite | kRunsScripts},
     .value = bind<&Config::static_cors, kOrigin>(),
     .no_effect = without_files,
     .meaning = "which origin may read the files from its pages, * is any"},
    {.name = "static_gzip",
     .group = &kSiteGroup,
     .only = {kServesSite | kRunsScripts},
     .value = bind<&Config::static_gzip, kBoolean>(),
     .usual = {"true"},
     .no_effect = without_files,
     .meaning = "compress what is not compressed already"},
    {.name = "static_cache",
     .group = &kSiteGroup,
     .only = {kServesSite | kRunsScripts},
     .value = bind<&Config::static_cache, kSize>(),
     .usual = {"16MiB"},
     .no_effect = without_files,
     .meaning = "memory for small and compressed files, 0 is none"},
    {.name = "static_listing",
     .group = &kSiteGroup,
     .value = bind<&Config::static_listing, kBoolean>(),
     .usual = {"false"},
     .meaning = "list folders that have no index.html"},
};

}  // namespace

std::span<const Option> mode_options() {
  return kModeOptions;
}

}  // namespace watchdog

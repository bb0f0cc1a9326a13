#include "config/mode_info.h"
#include "modes/fastcgi/fastcgi_mode.h"
#include "modes/fork/fork_mode.h"
#include "modes/gateway/application.h"
#include "modes/static/static_mode.h"
#include "modes/upstream/http_mode.h"

namespace watchdog {

namespace {

std::optional<std::string> streaming_problem(const Config& config) {
  if (!reads_cgi_heads(config)) return std::nullopt;
  const auto folder = AccelRoot::hold(config);
  return folder ? std::nullopt : std::optional(folder.error());
}

std::optional<std::string> scripts_problem(const Config& config) {
  const auto parts = Application::find_parts(config);
  return parts ? std::nullopt : std::optional(parts.error());
}

constexpr ModeInfo kModes[] = {
    {"streaming", kForks | kStartsAhead | kNeedsCommand | kNamesType | kOffersHead,
     "starts the command per request; its output is sent as it comes", make_streaming_mode,
     streaming_problem},
    {"serializing", kForks | kStartsAhead | kNeedsCommand | kNamesType | kCollects,
     "the same, with request and response whole in memory", make_serializing_mode},
    {"classic", kForks | kStartsAhead | kNeedsCommand | kNamesType | kCollects,
     "the same, as classic-watchdog does it", make_classic_mode},
    {"http", kKeepsWarm | kNeedsCommand | kSpeaksHttp,
     "keeps the command running, an HTTP server, and passes requests on to it", make_http_mode},
    {"static", kServesSite, "serves a folder as a web site", make_static_mode, static_mode_problem},
    {"cgi", kForks | kNeedsCommand | kRunsScripts,
     "starts the command per request, a CGI program (RFC 3875)", make_cgi_mode, scripts_problem},
    {"fastcgi", kKeepsWarm | kRunsScripts | kSpeaksFastcgi,
     "passes requests on to a FastCGI server such as php-fpm", make_fastcgi_mode, scripts_problem},
};

}  // namespace

std::span<const ModeInfo> all_modes() {
  return kModes;
}

}  // namespace watchdog

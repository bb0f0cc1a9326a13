#include <cstdlib>
#include <optional>
#include <string>

#include "modes/fastcgi/fastcgi_mode.h"
#include "modes/fork/fork_mode.h"
#include "modes/gateway/application.h"
#include "modes/static/static_mode.h"
#include "modes/upstream/http_mode.h"
#include "server/mode.h"

namespace watchdog {

std::unique_ptr<Mode> make_mode(const ModeContext& context) {
  switch (context.config.mode) {
    case ModeName::kStreaming:
      return make_streaming_mode(context);
    case ModeName::kSerializing:
      return make_serializing_mode(context);
    case ModeName::kClassic:
      return make_classic_mode(context);
    case ModeName::kHttp:
      return make_http_mode(context);
    case ModeName::kStatic:
      return make_static_mode(context);
    case ModeName::kCgi:
      return make_cgi_mode(context);
    case ModeName::kFastcgi:
      return make_fastcgi_mode(context);
  }
  std::abort();
}

std::optional<std::string> mode_problem(const Config& config) {
  if (config.mode == ModeName::kStatic) return static_mode_problem(config);
  if (reads_cgi_heads(config)) {
    if (auto problem = AccelRoot::problem(config)) return problem;
  }
  if (has_scripts(config.mode)) return Application::problem(config);
  return std::nullopt;
}

}  // namespace watchdog

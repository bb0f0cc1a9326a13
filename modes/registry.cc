#include <cstdlib>

#include "modes/fork.h"
#include "modes/http.h"
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
    case ModeName::kCgi:
    case ModeName::kFastcgi:
      break;
  }
  std::abort();  // read_config refuses every other mode
}

}  // namespace watchdog

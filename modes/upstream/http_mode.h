#pragma once

#include <memory>

#include "server/mode.h"

namespace watchdog {

// mode=http: requests go to the function's own HTTP server.
std::unique_ptr<Mode> make_http_mode(const ModeContext& context);

}  // namespace watchdog

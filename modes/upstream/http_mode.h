#pragma once

#include <memory>

#include "server/mode.h"

namespace watchdog {

// Makes mode=http, which passes requests on to the function's own HTTP server.
Result<std::unique_ptr<Mode>> make_http_mode(const ModeContext& context);

}  // namespace watchdog

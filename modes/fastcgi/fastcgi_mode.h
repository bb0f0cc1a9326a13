#pragma once

#include <memory>

#include "server/mode.h"

namespace watchdog {

// mode=fastcgi: requests go to the function's own FastCGI server, files below document_root from
// here.
Result<std::unique_ptr<Mode>> make_fastcgi_mode(const ModeContext& context);

}  // namespace watchdog

#pragma once

#include <memory>
#include <optional>
#include <string>

#include "server/mode.h"

namespace watchdog {

// mode=static: a folder as a web site. Fails as static_mode_problem() does.
Result<std::unique_ptr<Mode>> make_static_mode(const ModeContext& context);

// Why a folder cannot be served, for the start.
std::optional<std::string> static_mode_problem(const Config& config);

}  // namespace watchdog

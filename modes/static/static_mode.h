#pragma once

#include <memory>
#include <optional>
#include <string>

#include "server/mode.h"

namespace watchdog {

// mode=static: a folder as a web site. The folder must be there, as static_mode_problem() says.
std::unique_ptr<Mode> make_static_mode(const ModeContext& context);

// Why a folder cannot be served, for the start.
std::optional<std::string> static_mode_problem(const Config& config);

}  // namespace watchdog

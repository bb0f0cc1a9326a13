#pragma once

#include <optional>
#include <string>

#include "modes/static/folder.h"

namespace watchdog {

// Makes an HTML page that lists the folder `name` below `folder`: folders first, hidden files left
// out. Returns nothing when it is no folder or cannot be read.
std::optional<std::string> listing_page(const Folder& folder, const std::string& name);

}  // namespace watchdog

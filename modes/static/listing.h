#pragma once

#include <optional>
#include <string>

#include "modes/static/folder.h"

namespace watchdog {

// An HTML page of what is in the folder `name` below `folder`, folders first; hidden files are
// left out. Nothing when it is no folder or cannot be read.
std::optional<std::string> listing_page(const Folder& folder, const std::string& name);

}  // namespace watchdog

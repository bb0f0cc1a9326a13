#pragma once

#include <string>
#include <string_view>

namespace watchdog {

// Appends `text` so that a page shows it as it is, in an element and in a quoted attribute.
void append_html(std::string& out, std::string_view text);

}  // namespace watchdog

#pragma once

#include <string>
#include <string_view>

namespace watchdog {

// Appends `text` so that it can neither begin a second line nor control a terminal: \xNN stands for
// each control character and for each byte that is not UTF-8. U+0080 to U+009F are control
// characters too, as terminals take them for escape sequences.
void append_printable(std::string& out, std::string_view text);

// The same for a line that a function printed and that goes to a terminal: tabs and colours (SGR
// sequences) stay, since people print them on purpose and they do no harm.
void append_printable_line(std::string& out, std::string_view line);

}  // namespace watchdog

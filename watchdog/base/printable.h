#pragma once

#include <string>
#include <string_view>

namespace watchdog {

// Text of others, so that it can neither write a second line nor speak to a terminal: appends
// `text` with \xNN in place of each control character and each byte that is no UTF-8. U+0080 to
// U+009F are control characters too: terminals take them for escape sequences.
void append_printable(std::string& out, std::string_view text);

// The same for a line of the function's on a terminal: tabs and colours (SGR sequences) stay, since
// people print those on purpose and they do no harm.
void append_printable_line(std::string& out, std::string_view line);

}  // namespace watchdog

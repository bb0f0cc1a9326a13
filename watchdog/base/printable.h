#pragma once

#include <string>
#include <string_view>

namespace watchdog {

// Appends `text` so that it can neither begin a second line nor control a terminal: \xNN stands for
// each control character and for each byte that is not UTF-8. U+0080 to U+009F are control
// characters too, as terminals take them for escape sequences. Nor can it look like another text:
// \xNN stands for each byte of an unseen character, and of a joiner that follows neither a letter
// beyond ASCII nor an emoji, which are what joiners are for.
void append_printable(std::string& out, std::string_view text);

// The same for a line that a function printed and that goes to a terminal: tabs and colours (SGR
// sequences) stay, since people print them on purpose and they do no harm.
void append_printable_line(std::string& out, std::string_view line);

// The same for what is escaped once more before somebody sees it: unseen characters and joiners
// stay.
void append_without_controls(std::string& out, std::string_view text);

// Whether nobody sees the character, but it turns the direction of what is beside it (bidirectional
// controls), breaks a line, or has no width, and has no use in a line. U+200C and U+200D, which
// join, and the variation selectors of emoji (U+FE00 to U+FE0F) are not among these.
bool is_unseen(char32_t character);

}  // namespace watchdog

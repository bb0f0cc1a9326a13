#pragma once

#include <cstddef>
#include <string_view>

namespace watchdog {

// Returns the size in bytes of the well-formed UTF-8 character at the start of `text` (table 3-7 of
// the Unicode standard), 0 where there is none. `text` is not empty.
size_t utf8_size(std::string_view text);

// Returns that character. There is one.
char32_t utf8_character(std::string_view text);

// Returns the last place at or before `most` where `text` can be cut without cutting a character in
// two.
size_t utf8_boundary(std::string_view text, size_t most);

}  // namespace watchdog

#pragma once

#include <cstddef>
#include <string_view>

namespace watchdog {

// How many bytes the well-formed UTF-8 character at the start of `text` has (table 3-7 of the Unicode
// standard); 0: there is none. `text` is not empty.
size_t utf8_size(std::string_view text);

// The last place at or before `most` where `text` can be cut without cutting a character in two.
size_t utf8_boundary(std::string_view text, size_t most);

}  // namespace watchdog

#include "base/printable.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "base/utf8.h"

namespace watchdog {

namespace {

struct Range {
  char32_t first;
  char32_t last;
};

constexpr Range kUnseen[] = {
    {0xad, 0xad},     {0x61c, 0x61c},   {0x180e, 0x180e}, {0x200b, 0x200b}, {0x200e, 0x200f},
    {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe0fff}};

// Emoji and several scripts are spelled with them: U+200C, U+200D and the variation selectors.
bool is_joiner(char32_t character) {
  return character == 0x200c || character == 0x200d || (character >= 0xfe00 && character <= 0xfe0f);
}

// How many bytes the printable character at the start of `text` has; 0: there is none.
size_t printable_size(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x20 || first == 0x7f) return 0;
  // U+0080 to U+009F.
  if (first == 0xc2 && text.size() > 1 && static_cast<unsigned char>(text[1]) < 0xa0) return 0;
  return utf8_size(text);
}

// How many bytes the SGR sequence at the start of `text` has ("\x1b[1;31m"); 0: there is none.
size_t colour_size(std::string_view text) {
  if (!text.starts_with("\x1b[")) return 0;
  const size_t end = text.find_first_not_of("0123456789;:", 2);
  return end != std::string_view::npos && text[end] == 'm' ? end + 1 : 0;
}

// Appends the first `size` bytes of `text`, or where that is 0 its first one escaped, and drops
// them from it.
void take(std::string& out, std::string_view& text, size_t size) {
  if (size == 0) {
    fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(text.front()));
  } else {
    out.append(text.substr(0, size));
  }
  text.remove_prefix(size == 0 ? 1 : size);
}

}  // namespace

bool is_unseen(char32_t character) {
  return std::ranges::any_of(kUnseen, [character](const Range& range) {
    return character >= range.first && character <= range.last;
  });
}

void append_printable(std::string& out, std::string_view text) {
  bool joinable = false;  // the character before
  while (!text.empty()) {
    size_t size = printable_size(text);
    if (size > 1) {
      const char32_t character = utf8_character(text);
      if (is_unseen(character) || (is_joiner(character) && !joinable)) size = 0;
    }
    joinable = size > 1;
    take(out, text, size);
  }
}

void append_without_controls(std::string& out, std::string_view text) {
  while (!text.empty()) take(out, text, printable_size(text));
}

void append_printable_line(std::string& out, std::string_view line) {
  size_t start = 0;
  for (size_t i = 0; i < line.size();) {
    const size_t stays = line[i] == '\t' ? 1 : colour_size(line.substr(i));
    if (stays == 0) {
      ++i;
      continue;
    }
    append_printable(out, line.substr(start, i - start));
    out.append(line.substr(i, stays));
    i += stays;
    start = i;
  }
  append_printable(out, line.substr(start));
}

}  // namespace watchdog

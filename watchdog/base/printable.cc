#include "base/printable.h"

#include <fmt/format.h>

#include <cstddef>
#include <iterator>

namespace watchdog {

namespace {

unsigned byte_at(std::string_view text, size_t i) {
  return static_cast<unsigned char>(text[i]);
}

bool continues(std::string_view text, size_t i, unsigned least = 0x80, unsigned most = 0xbf) {
  return i < text.size() && byte_at(text, i) >= least && byte_at(text, i) <= most;
}

// How many bytes the printable character at the start of `text` has; 0: there is none. Well-formed
// UTF-8 is what table 3-7 of the Unicode standard lists.
size_t printable_size(std::string_view text) {
  const unsigned first = byte_at(text, 0);
  if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : 0;
  // 0xc2: U+0080 to U+00BF, whose first half are controls.
  if (first >= 0xc2 && first <= 0xdf)
    return continues(text, 1, first == 0xc2 ? 0xa0 : 0x80) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const unsigned least = first == 0xe0 ? 0xa0 : 0x80;  // no overlong form
    const unsigned most = first == 0xed ? 0x9f : 0xbf;   // no surrogate
    return continues(text, 1, least, most) && continues(text, 2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const unsigned least = first == 0xf0 ? 0x90 : 0x80;
    const unsigned most = first == 0xf4 ? 0x8f : 0xbf;
    return continues(text, 1, least, most) && continues(text, 2) && continues(text, 3) ? 4 : 0;
  }
  return 0;
}

// How many bytes the SGR sequence at the start of `text` has ("\x1b[1;31m"); 0: there is none.
size_t colour_size(std::string_view text) {
  if (!text.starts_with("\x1b[")) return 0;
  const size_t end = text.find_first_not_of("0123456789;:", 2);
  return end != std::string_view::npos && text[end] == 'm' ? end + 1 : 0;
}

}  // namespace

void append_printable(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const size_t size = printable_size(text);
    if (size == 0) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte_at(text, 0));
    } else {
      out.append(text.substr(0, size));
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
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

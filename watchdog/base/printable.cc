#include "base/printable.h"

#include <fmt/format.h>

#include <cstddef>
#include <iterator>

#include "base/utf8.h"

namespace watchdog {

namespace {

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

}  // namespace

void append_printable(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const size_t size = printable_size(text);
    if (size == 0) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}",
                     static_cast<unsigned char>(text.front()));
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

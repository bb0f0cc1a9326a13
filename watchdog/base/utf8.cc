#include "base/utf8.h"

namespace watchdog {

namespace {

unsigned byte_at(std::string_view text, size_t i) {
  return static_cast<unsigned char>(text[i]);
}

bool continues(std::string_view text, size_t i, unsigned least = 0x80, unsigned most = 0xbf) {
  return i < text.size() && byte_at(text, i) >= least && byte_at(text, i) <= most;
}

}  // namespace

size_t utf8_size(std::string_view text) {
  const unsigned first = byte_at(text, 0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return continues(text, 1) ? 2 : 0;
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

char32_t utf8_character(std::string_view text) {
  const size_t size = utf8_size(text);
  const unsigned first = byte_at(text, 0);
  char32_t character = size == 1 ? first : first & (0x7fU >> size);
  for (size_t i = 1; i < size; ++i) character = character << 6 | (byte_at(text, i) & 0x3f);
  return character;
}

size_t utf8_boundary(std::string_view text, size_t most) {
  if (most >= text.size()) return text.size();
  // A character is at most four bytes long: one that begins before `most` and goes on behind it.
  for (size_t back = 1; back <= 3 && back <= most; ++back) {
    const size_t size = utf8_size(text.substr(most - back));
    if (size > back) return most - back;
    if (size != 0) break;
  }
  return most;
}

}  // namespace watchdog

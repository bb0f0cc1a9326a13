#include "status/pattern_text.h"

#include <fmt/format.h>

#include <cstring>

namespace watchdog {

Filling::Filling(uint64_t number) {
  const fmt::format_int digits(number);
  std::memcpy(digits_, digits.data(), digits.size());
  text_ = {digits_, digits.size()};
}

void PatternText::put(std::string_view pattern, Fillings fillings) {
  for (const Filling& filling : fillings) {
    const size_t place = pattern.find('@');
    out_ += pattern.substr(0, place);
    escape_(out_, filling.text());
    pattern.remove_prefix(place + 1);
  }
  out_ += pattern;
}

void PatternText::put_element(std::string_view pattern, Fillings fillings) {
  if (!out_.ends_with('[')) out_ += ',';
  put(pattern, fillings);
}

}  // namespace watchdog

#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace watchdog {

// What is filled into a pattern: a text or a number. Made where it is used, and lives as long as
// the text.
class Filling {
 public:
  // NOLINTBEGIN(google-explicit-constructor): they stand in lists
  Filling(std::string_view text) : text_(text) {}
  Filling(const std::string& text) : text_(text) {}
  Filling(const char* text) : text_(text) {}
  Filling(uint64_t number);
  // NOLINTEND(google-explicit-constructor)
  Filling(const Filling&) = delete;
  Filling& operator=(const Filling&) = delete;

  std::string_view text() const { return text_; }

 private:
  std::string_view text_;
  char digits_[20];
};
using Fillings = std::initializer_list<Filling>;

// A text that is made of constant patterns and of texts that may be anything and are escaped as
// they are filled in.
class PatternText {
 public:
  using Escape = void (*)(std::string& out, std::string_view text);
  explicit PatternText(Escape escape) : escape_(escape) {}

  // Each @ of the pattern stands for the next filling.
  void put(std::string_view pattern, Fillings fillings = {});
  // The same, behind a comma unless what was put before ends with an opening bracket.
  void put_element(std::string_view pattern, Fillings fillings = {});
  std::string take() { return std::move(out_); }

 private:
  const Escape escape_;
  std::string out_;
};

}  // namespace watchdog

#include "http/auth_field.h"

#include <algorithm>
#include <initializer_list>

namespace watchdog {

namespace {

char folded(char c) {
  if (c == '_') return '-';
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

bool is_auth_field(std::string_view name) {
  return std::ranges::any_of(
      std::initializer_list<std::string_view>{"x-auth-subject", "x-auth-seconds"},
      [=](std::string_view ours) { return std::ranges::equal(name, ours, {}, folded); });
}

}  // namespace watchdog

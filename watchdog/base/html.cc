#include "base/html.h"

namespace watchdog {

namespace {

std::string_view escape(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return {};
  }
}

}  // namespace

void append_html(std::string& out, std::string_view text) {
  for (const char c : text) {
    const std::string_view escaped = escape(c);
    out += escaped.empty() ? std::string_view(&c, 1) : escaped;
  }
}

}  // namespace watchdog

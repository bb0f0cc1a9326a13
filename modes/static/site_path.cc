#include "modes/static/site_path.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace watchdog {

namespace {

constexpr size_t kShortestHash = 8;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

// webpack, Parcel, Rails: "3f2a9c1b".
bool is_hexadecimal_hash(std::string_view word) {
  const auto is_hex = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); };
  return std::ranges::all_of(word, is_hex) && std::ranges::any_of(word, is_digit) &&
         std::ranges::any_of(word, is_lower);
}

// Vite, Rollup: "BfX29aKd"; esbuild: "5E7BSS3C". Only scripts and styles, as people may well call
// a photo "Beach2024".
bool is_mixed_hash(std::string_view word, std::string_view extension) {
  constexpr std::array<std::string_view, 5> kBuilt = {"js", "mjs", "css", "map", "wasm"};
  return std::ranges::find(kBuilt, extension) != kBuilt.end() &&
         std::ranges::all_of(word,
                             [](char c) { return is_digit(c) || is_lower(c) || is_upper(c); }) &&
         std::ranges::any_of(word, is_digit) && std::ranges::any_of(word, is_upper);
}

}  // namespace

SitePath parse_site_path(std::string_view path) {
  using Kind = SitePath::Kind;
  SitePath site{.kind = path.ends_with('/') ? Kind::kFolder : Kind::kFile};
  while (!path.empty()) {
    const size_t slash = std::min(path.find('/'), path.size());
    const auto segment = percent_decode(path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (!segment || segment->find('\0') != std::string::npos) return {Kind::kMalformed};
    if (segment->empty()) continue;
    const bool well_known = site.name.empty() && *segment == ".well-known";
    if (segment->starts_with('.') && !well_known) return {Kind::kHidden};
    if (segment->find('/') != std::string::npos) return {Kind::kNowhere};
    if (!site.name.empty()) site.name += '/';
    site.name += *segment;
  }
  return site;
}

std::string folder_location(std::string_view path, std::string_view query) {
  // "./" keeps a name with a colon from looking like a scheme.
  std::string location = "./";
  location.append(path.substr(path.rfind('/') + 1)).append("/");
  if (!query.empty()) location.append("?").append(query);
  return location;
}

bool is_fingerprinted(std::string_view name) {
  name.remove_prefix(name.rfind('/') + 1);
  const size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return false;
  const std::string_view extension = name.substr(dot + 1);
  std::string_view rest = name.substr(0, dot);
  // The first word is what a person called it.
  while (true) {
    const size_t separator = rest.find_first_of(".-_");
    if (separator == std::string_view::npos) return false;
    rest.remove_prefix(separator + 1);
    const std::string_view word = rest.substr(0, rest.find_first_of(".-_"));
    if (word.size() < kShortestHash) continue;
    if (is_hexadecimal_hash(word) || is_mixed_hash(word, extension)) return true;
  }
}

}  // namespace watchdog

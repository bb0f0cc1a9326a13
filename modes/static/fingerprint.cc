#include "modes/static/fingerprint.h"

#include <algorithm>
#include <array>
#include <string>

namespace watchdog {

namespace {

enum class AssetKind { kNone, kCode, kFont, kPicture };

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f');
}

template <size_t kSize>
bool has(const std::array<std::string_view, kSize>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

AssetKind kind_of(std::string_view extension) {
  constexpr auto kCode =
      std::to_array<std::string_view>({"js", "mjs", "cjs", "css", "map", "wasm"});
  constexpr auto kFonts = std::to_array<std::string_view>({"woff2", "woff", "ttf", "otf", "eot"});
  constexpr auto kPictures = std::to_array<std::string_view>(
      {"svg", "png", "jpg", "jpeg", "gif", "webp", "avif", "ico", "mp4", "webm"});
  if (has(kCode, extension)) return AssetKind::kCode;
  if (has(kFonts, extension)) return AssetKind::kFont;
  return has(kPictures, extension) ? AssetKind::kPicture : AssetKind::kNone;
}

// A path, taken apart.
struct AssetName {
  std::string_view folder;  // "a/b/", or empty
  std::string_view stem;    // what is before the hash, with its separator: "app."; may be empty
  std::string_view word;    // what may be a hash
  AssetKind kind = AssetKind::kNone;
  char separator() const { return stem.empty() ? '\0' : stem.back(); }
  bool is_named(std::string_view name) const { return stem.substr(0, stem.size() - 1) == name; }
};

// What stands between a hash and the extension.
bool is_mark(std::string_view word) {
  constexpr auto kMarks =
      std::to_array<std::string_view>({"min", "chunk", "bundle", "module", "worker", "legacy",
                                       "async", "prod", "umd", "esm", "css", "js", "mjs", "d"});
  return has(kMarks, word);
}

AssetName take_apart(std::string_view path) {
  AssetName name;
  name.folder = path.substr(0, path.rfind('/') + 1);
  std::string_view rest = path.substr(name.folder.size());
  const size_t dot = rest.rfind('.');
  if (dot == std::string_view::npos) return name;
  name.kind = kind_of(rest.substr(dot + 1));
  rest = rest.substr(0, dot);
  while (true) {
    const size_t start = rest.find_last_of(".-_") + 1;  // 0: there is no separator
    name.word = rest.substr(start);
    name.stem = rest.substr(0, start);
    if (start == 0 || !is_mark(name.word)) return name;
    rest = rest.substr(0, start - 1);
  }
}

bool has_folder(std::string_view folder, std::string_view segments) {
  const std::string wanted = "/" + std::string(segments) + "/";
  return folder.starts_with(std::string_view(wanted).substr(1)) ||
         folder.find(wanted) != std::string_view::npos;
}

template <size_t kSize>
bool has_any_folder(std::string_view folder, const std::array<std::string_view, kSize>& names) {
  return std::ranges::any_of(names,
                             [folder](std::string_view name) { return has_folder(folder, name); });
}

// Folders in which everything has been built, by frameworks that say so themselves.
bool is_in_framework_folder(std::string_view folder) {
  constexpr auto kFolders =
      std::to_array<std::string_view>({"_next/static", "_nuxt", "_astro", "_app/immutable"});
  return has_any_folder(folder, kFolders);
}

bool is_in_build_folder(std::string_view folder) {
  constexpr auto kBuilds = std::to_array<std::string_view>({"assets", "static", "build", "dist"});
  constexpr auto kOfPeople = std::to_array<std::string_view>(
      {"upload", "uploads", "avatar", "avatars", "user", "users", "files", "storage", "photos",
       "thumbnails", "thumbs", "attachments"});
  return has_any_folder(folder, kBuilds) && !has_any_folder(folder, kOfPeople);
}

// How often one kind of character follows another: what people write has few such turns.
int turns(std::string_view word) {
  const auto kind = [](char c) { return is_digit(c) ? 0 : is_lower(c) ? 1 : 2; };
  int count = 0;
  for (size_t i = 1; i < word.size(); ++i) count += kind(word[i]) != kind(word[i - 1]) ? 1 : 0;
  return count;
}

// The end of "550e8400-e29b-41d4-a716-4466554400ab", or all of it without its dashes (RFC 9562).
bool is_of_uuid(const AssetName& name) {
  if (name.word.size() == 32) {
    return name.word[12] >= '1' && name.word[12] <= '8' &&
           std::string_view("89ab").find(name.word[16]) != std::string_view::npos;
  }
  constexpr std::string_view kForm = "xxxxxxxx-xxxx-xxxx-xxxx-";
  if (name.word.size() != 12 || name.stem.size() < kForm.size()) return false;
  const std::string_view before = name.stem.substr(name.stem.size() - kForm.size());
  return std::ranges::equal(kForm, before, [](char form, char c) {
    return form == 'x' ? is_hex(c) : !is_digit(c) && !is_lower(c);
  });
}

// Two digits and two letters at least: "20240115" is a date, "2024011a" a person's.
bool is_hexadecimal(std::string_view word) {
  return std::ranges::all_of(word, is_hex) && std::ranges::count_if(word, is_digit) >= 2 &&
         std::ranges::count_if(word, is_lower) >= 2;
}

bool is_long_hash(const AssetName& name) {
  const size_t size = name.word.size();
  return (size == 64 || size == 96 || size == 128) && is_hexadecimal(name.word);
}

bool is_hexadecimal_hash(const AssetName& name) {
  constexpr std::array<size_t, 7> kSizes = {8, 10, 12, 16, 20, 32, 40};
  return std::ranges::find(kSizes, name.word.size()) != kSizes.end() && is_hexadecimal(name.word) &&
         !is_of_uuid(name);
}

// Vite, Rollup: "BfX29aKd". `least`: turns.
bool is_base64_hash(std::string_view word, int least) {
  return word.size() == 8 && std::ranges::any_of(word, is_digit) &&
         std::ranges::any_of(word, is_upper) &&
         std::ranges::all_of(word,
                             [](char c) { return is_digit(c) || is_lower(c) || is_upper(c); }) &&
         turns(word) >= least;
}

// esbuild's "5E7BSS3C", behind the names that it or Angular gives; not "CHAPTER2".
bool is_base32_hash(const AssetName& name) {
  constexpr auto kNames = std::to_array<std::string_view>(
      {"main", "polyfills", "styles", "scripts", "chunk", "runtime", "index", "app"});
  const bool known = std::ranges::any_of(kNames, [&](auto one) { return name.is_named(one); });
  return known && name.separator() == '-' && name.word.size() == 8 &&
         std::ranges::all_of(name.word,
                             [](char c) { return is_upper(c) || (c >= '2' && c <= '7'); }) &&
         std::ranges::any_of(name.word, is_digit) && turns(name.word) >= 2;
}

bool is_picture_hash(const AssetName& name) {
  const size_t size = name.word.size();
  return name.separator() == '.' && (size == 8 || size == 20 || size == 32) &&
         is_hexadecimal_hash(name) && is_in_build_folder(name.folder);
}

// Any word of the name, the first one too.
bool has_framework_hash(AssetName name) {
  std::string stem(name.stem);
  stem += name.word;
  std::string_view rest(stem);
  while (!rest.empty()) {
    const size_t end = std::min(rest.find_first_of(".-~"), rest.size());
    name.word = rest.substr(0, end);
    name.stem = std::string_view(stem).substr(0, static_cast<size_t>(rest.data() - stem.data()));
    if (is_hexadecimal_hash(name) || is_base64_hash(name.word, 3)) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

}  // namespace

bool is_fingerprinted(std::string_view path) {
  // Turns of "OAuth2v1" and "iPhone6s" are four.
  constexpr int kTurns = 5;
  constexpr int kTurnsOfBuild = 3;
  const AssetName name = take_apart(path);
  if (name.kind == AssetKind::kNone) return false;
  if (has_folder(name.folder, "_app/immutable")) return true;
  if (is_in_framework_folder(name.folder) && has_framework_hash(name)) return true;
  if (name.stem.size() < 2) return false;  // a name that is all hash may be an id as well
  if (name.separator() != '_' && is_long_hash(name)) return true;
  const bool build = is_in_build_folder(name.folder);
  switch (name.kind) {
    case AssetKind::kCode:
      return is_long_hash(name) || is_hexadecimal_hash(name) || is_base32_hash(name) ||
             is_base64_hash(name.word, build ? kTurnsOfBuild : kTurns);
    case AssetKind::kFont:
      return (name.separator() == '.' && is_hexadecimal_hash(name)) ||
             (build && is_base64_hash(name.word, kTurnsOfBuild));
    case AssetKind::kPicture:
      return is_picture_hash(name);
    case AssetKind::kNone:
      break;
  }
  return false;
}

}  // namespace watchdog

#include "modes/gateway/source_files.h"

#include <algorithm>
#include <array>
#include <string>

namespace watchdog {

namespace {

// Sorted, as they are searched.
constexpr auto kSourceExtensions = std::to_array<std::string_view>(
    {"cgi", "conf",   "db",   "db3", "engine", "erb",     "fcgi",  "inc", "ini",  "install", "log",
     "mdb", "module", "phar", "php", "phps",   "pht",     "phtml", "pl",  "pm",   "profile", "py",
     "pyc", "rb",     "sh",   "sql", "sqlite", "sqlite3", "theme", "tpl", "twig", "yml"});

constexpr auto kSourceNames = std::to_array<std::string_view>(
    {"artisan",           "bun.lock",      "bun.lockb",     "cargo.lock",     "cargo.toml",
     "compose.yaml",      "composer.json", "composer.lock", "containerfile",  "docker-compose.yaml",
     "dockerfile",        "gemfile",       "gemfile.lock",  "go.mod",         "go.sum",
     "gruntfile.js",      "gulpfile.js",   "jenkinsfile",   "makefile",       "npm-shrinkwrap.json",
     "package-lock.json", "package.json",  "phpunit.xml",   "pipfile",        "pipfile.lock",
     "pnpm-lock.yaml",    "poetry.lock",   "procfile",      "pyproject.toml", "rakefile",
     "requirements.txt",  "vagrantfile",   "web.config",    "yarn.lock"});

constexpr auto kPageParts = std::to_array<std::string_view>(
    {"aac",    "apng", "avif",        "bmp",  "css",  "csv",   "eot",   "flac", "geojson", "gif",
     "glb",    "gltf", "htm",         "html", "ico",  "ics",   "jpeg",  "jpg",  "js",      "json",
     "jsonld", "jxl",  "m3u8",        "m4a",  "m4s",  "m4v",   "map",   "md",   "mjs",     "mov",
     "mp3",    "mp4",  "mpd",         "oga",  "ogg",  "ogv",   "opus",  "otf",  "pdf",     "png",
     "rss",    "svg",  "tif",         "tiff", "ts",   "ttc",   "ttf",   "vtt",  "wasm",    "wav",
     "weba",   "webm", "webmanifest", "webp", "woff", "woff2", "xhtml", "xml",  "xsl"});

static_assert(std::ranges::is_sorted(kSourceExtensions));
static_assert(std::ranges::is_sorted(kSourceNames));
static_assert(std::ranges::is_sorted(kPageParts));

template <size_t kSize>
bool has(const std::array<std::string_view, kSize>& table, std::string_view word) {
  return std::ranges::binary_search(table, word);
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return out;
}

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

// "php" of "php_old", "php~" and "php (copy)".
std::string_view first_word(std::string_view ending) {
  return ending.substr(
      0, static_cast<size_t>(std::ranges::find_if_not(ending, is_word) - ending.begin()));
}

// `own`: the extension of the script, without its dot. PHP's may have a version: "php7".
bool is_source_extension(std::string_view ending, std::string_view own) {
  const std::string_view word = first_word(ending);
  if (word.empty()) return false;
  if (word == own || ending == own || has(kSourceExtensions, word)) return true;
  return word.starts_with("php") && word.find_first_not_of("0123456789", 3) == std::string::npos;
}

// "composer.json" of "composer.json.bak", "Dockerfile" of "Dockerfile.prod" and "Dockerfile-prod".
bool is_source_name_of_a_tool(std::string_view name) {
  while (!name.empty() && !is_word(name.back())) name.remove_suffix(1);
  if (has(kSourceNames, name)) return true;
  constexpr std::string_view kImage = "dockerfile";
  return name.starts_with(kImage) && !is_word(name[kImage.size()]);
}

}  // namespace

bool is_source_name(std::string_view path, std::string_view extension) {
  const std::string name = lowered(base_name(path));
  const std::string own = lowered(extension.substr(std::min<size_t>(1, extension.size())));
  std::string_view rest = name;
  while (true) {
    if (is_source_name_of_a_tool(rest)) return true;
    const size_t dot = rest.rfind('.');
    if (dot == std::string_view::npos) return false;
    const std::string_view ending = rest.substr(dot + 1);
    if (is_source_extension(ending, own)) return true;
    // Anything else makes a copy of the file whose name is left.
    if (has(kPageParts, ending)) return false;
    rest = rest.substr(0, dot);
  }
}

bool is_page_part(std::string_view path) {
  const std::string name = lowered(base_name(path));
  const size_t dot = name.rfind('.');
  return dot != std::string::npos && has(kPageParts, std::string_view(name).substr(dot + 1));
}

}  // namespace watchdog

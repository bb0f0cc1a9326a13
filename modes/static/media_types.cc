#include "modes/static/media_types.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/fd.h"
#include "base/text.h"

namespace watchdog {

namespace {

// Types that browsers depend on: scripts, modules, streams and images that are refused by another
// name. They win over /etc/mime.types, which is old in many images and has .ts for Qt's
// translations.
constexpr std::string_view kOfTheWeb = R"(
application/dash+xml mpd
application/manifest+json webmanifest
application/vnd.apple.mpegurl m3u8
application/wasm wasm
font/woff woff
font/woff2 woff2
image/avif avif
image/jxl jxl
image/webp webp
text/javascript js mjs
video/iso.segment m4s
video/mp2t ts
)";

// What else web sites are made of (IANA's names; RFC 9239 for JavaScript).
constexpr std::string_view kBuiltIn = R"(
application/epub+zip epub
application/geo+json geojson
application/gpx+xml gpx
application/importmap+json importmap
application/json5 json5
application/ld+json jsonld
application/vnd.apache.parquet parquet
application/vnd.google-earth.kml+xml kml
application/vnd.mapbox-vector-tile mvt
application/vnd.oasis.opendocument.presentation odp
application/vnd.oasis.opendocument.spreadsheet ods
application/vnd.oasis.opendocument.text odt
application/vnd.pmtiles pmtiles
application/yaml yaml yml
audio/mp4 m4b
image/heic heic
image/heif heif
image/ktx2 ktx2
model/vnd.usdz+zip usdz
text/javascript cjs
text/vcard vcf
text/wgsl wgsl
video/3gpp 3gp
video/mp4 cmfv
audio/mp4 cmfa
application/gzip gz tgz
application/json json map topojson
application/msword doc
application/octet-stream bin exe dll iso img dmg
application/pdf pdf
application/rss+xml rss
application/atom+xml atom
application/rtf rtf
application/vnd.ms-excel xls
application/vnd.ms-fontobject eot
application/vnd.ms-powerpoint ppt
application/vnd.openxmlformats-officedocument.presentationml.presentation pptx
application/vnd.openxmlformats-officedocument.spreadsheetml.sheet xlsx
application/vnd.openxmlformats-officedocument.wordprocessingml.document docx
application/x-7z-compressed 7z
application/x-bzip2 bz2
application/x-tar tar
application/x-xz xz
application/xhtml+xml xhtml
application/xml xml xsl
application/zip zip
application/zstd zst
audio/aac aac
audio/flac flac
audio/midi mid midi
audio/mp4 m4a
audio/mpeg mp3
audio/ogg ogg oga opus
audio/wav wav
audio/webm weba
font/collection ttc
font/otf otf
font/ttf ttf
image/apng apng
image/bmp bmp
image/gif gif
image/jpeg jpg jpeg
image/png png
image/svg+xml svg
image/tiff tif tiff
image/vnd.microsoft.icon ico
model/gltf+json gltf
model/gltf-binary glb
text/calendar ics
text/css css
text/csv csv
text/html html htm
text/markdown md
text/plain txt text log
text/tab-separated-values tsv
text/vtt vtt
video/mp4 mp4 m4v
video/mpeg mpeg mpg
video/ogg ogv
video/quicktime mov
video/webm webm
video/x-matroska mkv
)";

bool is_compressible(std::string_view type) {
  constexpr std::array<std::string_view, 15> kTypes = {"application/vnd.apple.mpegurl",
                                                       "application/yaml",
                                                       "application/json5",
                                                       "application/json",
                                                       "application/javascript",
                                                       "application/wasm",
                                                       "application/xml",
                                                       "application/rtf",
                                                       "application/vnd.ms-fontobject",
                                                       "font/ttf",
                                                       "font/otf",
                                                       "font/collection",
                                                       "image/svg+xml",
                                                       "image/bmp",
                                                       "image/vnd.microsoft.icon"};
  return type.starts_with("text/") || type.ends_with("+json") || type.ends_with("+xml") ||
         std::ranges::find(kTypes, type) != kTypes.end();
}

bool has_charset(std::string_view type) {
  return type.starts_with("text/") || type == "application/javascript";
}

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return out;
}

std::string_view take_word(std::string_view& line) {
  const size_t start = std::min(line.find_first_not_of(" \t\r"), line.size());
  line.remove_prefix(start);
  const size_t end = std::min(line.find_first_of(" \t\r"), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

bool is_media_type(std::string_view word) {
  const bool printable =
      std::ranges::all_of(word, [](unsigned char c) { return c > 0x20 && c < 0x7f; });
  const size_t slash = word.find('/');
  return printable && slash != std::string_view::npos && slash > 0 && slash + 1 < word.size();
}

std::string read_whole(const char* path) {
  constexpr size_t kMost = 1024 * 1024;
  const Fd file(::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  std::string text;
  std::array<char, 16 * 1024> space;
  while (file && text.size() < kMost) {
    const ssize_t size = ::read(file.get(), space.data(), space.size());
    if (size <= 0) break;
    text.append(space.data(), static_cast<size_t>(size));
  }
  return text;
}

}  // namespace

MediaTypes::MediaTypes(std::string_view mime_types) {
  types_.push_back({"application/octet-stream"});
  add_lines(kOfTheWeb);
  add_lines(mime_types);
  add_lines(kBuiltIn);
  // Of several that name an extension the first one counts.
  const auto before = [](const Extension& a, const Extension& b) { return a.text < b.text; };
  const auto same = [](const Extension& a, const Extension& b) { return a.text == b.text; };
  std::stable_sort(extensions_.begin(), extensions_.end(), before);
  extensions_.erase(std::unique(extensions_.begin(), extensions_.end(), same), extensions_.end());
  extensions_.shrink_to_fit();
}

const MediaTypes& MediaTypes::of_this_system() {
  static const MediaTypes table(read_whole("/etc/mime.types"));
  return table;
}

void MediaTypes::add_lines(std::string_view lines) {
  while (!lines.empty()) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    line = line.substr(0, line.find('#'));
    const std::string_view type = take_word(line);
    if (!is_media_type(type)) continue;
    for (auto word = take_word(line); !word.empty(); word = take_word(line)) {
      extensions_.push_back({lowered(word), type_index(type)});
    }
  }
}

uint16_t MediaTypes::type_index(std::string_view type) {
  const std::string text =
      has_charset(type) ? std::string(type) + "; charset=utf-8" : std::string(type);
  // Its extensions stand on one line, and so does its type.
  if (types_.back().text == text) return static_cast<uint16_t>(types_.size() - 1);
  if (types_.size() > UINT16_MAX) return 0;
  types_.push_back({text, is_compressible(type)});
  return static_cast<uint16_t>(types_.size() - 1);
}

const MediaType& MediaTypes::find(std::string_view name) const {
  name.remove_prefix(name.rfind('/') + 1);
  const size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return types_[0];
  const std::string extension = lowered(name.substr(dot + 1));
  const auto found =
      std::lower_bound(extensions_.begin(), extensions_.end(), extension,
                       [](const Extension& a, const std::string& b) { return a.text < b; });
  return found != extensions_.end() && found->text == extension ? types_[found->type] : types_[0];
}

}  // namespace watchdog

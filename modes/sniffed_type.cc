#include "modes/sniffed_type.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace watchdog {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view kHtml = "text/html; charset=utf-8";
constexpr std::string_view kText = "text/plain; charset=utf-8";
constexpr std::string_view kBytes = "application/octet-stream";

// What HTML begins with, behind white space, in any case; a space or '>' ends it.
constexpr std::array kTags = {"<!DOCTYPE HTML"sv,
                              "<HTML"sv,
                              "<HEAD"sv,
                              "<SCRIPT"sv,
                              "<IFRAME"sv,
                              "<H1"sv,
                              "<DIV"sv,
                              "<FONT"sv,
                              "<TABLE"sv,
                              "<A"sv,
                              "<STYLE"sv,
                              "<TITLE"sv,
                              "<B"sv,
                              "<BODY"sv,
                              "<BR"sv,
                              "<P"sv};

struct Signature {
  std::string_view start;
  std::string_view at_8;  // behind a size, in containers; empty: anything
  std::string_view type;
};

constexpr std::array kSignatures = {
    Signature{"%PDF-"sv, {}, "application/pdf"sv},
    Signature{"%!PS-Adobe-"sv, {}, "application/postscript"sv},
    Signature{"\xfe\xff"sv, {}, "text/plain; charset=utf-16be"sv},
    Signature{"\xff\xfe"sv, {}, "text/plain; charset=utf-16le"sv},
    Signature{"\xef\xbb\xbf"sv, {}, kText},
    Signature{"\0\0\1\0"sv, {}, "image/x-icon"sv},
    Signature{"\0\0\2\0"sv, {}, "image/x-icon"sv},
    Signature{"BM"sv, {}, "image/bmp"sv},
    Signature{"GIF87a"sv, {}, "image/gif"sv},
    Signature{"GIF89a"sv, {}, "image/gif"sv},
    Signature{"RIFF"sv, "WEBPVP"sv, "image/webp"sv},
    Signature{"\x89PNG\r\n\x1a\n"sv, {}, "image/png"sv},
    Signature{"\xff\xd8\xff"sv, {}, "image/jpeg"sv},
    Signature{"FORM"sv, "AIFF"sv, "audio/aiff"sv},
    Signature{"ID3"sv, {}, "audio/mpeg"sv},
    Signature{"OggS\0"sv, {}, "application/ogg"sv},
    Signature{"MThd\0\0\0\6"sv, {}, "audio/midi"sv},
    Signature{"RIFF"sv, "AVI "sv, "video/avi"sv},
    Signature{"RIFF"sv, "WAVE"sv, "audio/wave"sv},
    Signature{"\x1a\x45\xdf\xa3"sv, {}, "video/webm"sv},
    Signature{"wOFF"sv, {}, "font/woff"sv},
    Signature{"wOF2"sv, {}, "font/woff2"sv},
    Signature{"\0\1\0\0"sv, {}, "font/ttf"sv},
    Signature{"OTTO"sv, {}, "font/otf"sv},
    Signature{"ttcf"sv, {}, "font/collection"sv},
    Signature{"\x1f\x8b\x08"sv, {}, "application/x-gzip"sv},
    Signature{"PK\3\4"sv, {}, "application/zip"sv},
    Signature{"Rar!\x1a\7"sv, {}, "application/x-rar-compressed"sv},
    Signature{"\0asm"sv, {}, "application/wasm"sv},
};

bool is_html(std::string_view text) {
  return std::ranges::any_of(kTags, [text](std::string_view tag) {
    return text.size() > tag.size() && equals_ignoring_case(text.substr(0, tag.size()), tag) &&
           (text[tag.size()] == ' ' || text[tag.size()] == '>');
  });
}

// An ISO base media file: a box "ftyp" whose brands name MP4.
bool is_mp4(std::string_view body) {
  if (body.size() < 12 || body.substr(4, 4) != "ftyp") return false;
  const auto at = [body](size_t i) {
    return static_cast<size_t>(static_cast<unsigned char>(body[i]));
  };
  const size_t box = at(0) << 24 | at(1) << 16 | at(2) << 8 | at(3);
  if (box % 4 != 0) return false;
  for (size_t brand = 8; brand + 4 <= std::min(box, body.size()); brand += 4) {
    if (brand != 12 && body.substr(brand, 3) == "mp4") return true;  // at 12 is a version
  }
  return false;
}

// Bytes that no text has (WHATWG MIME Sniffing 3).
bool is_binary(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte <= 0x08 || byte == 0x0b || (byte >= 0x0e && byte <= 0x1a) ||
         (byte >= 0x1c && byte <= 0x1f);
}

}  // namespace

std::string_view sniffed_type(std::string_view body) {
  body = body.substr(0, kMostSniffed);
  const size_t start = std::min(body.find_first_not_of("\t\n\f\r "), body.size());
  const std::string_view text = body.substr(start);
  if (text.starts_with("<!--") || is_html(text)) return kHtml;
  if (text.starts_with("<?xml")) return "text/xml; charset=utf-8";
  for (const Signature& signature : kSignatures) {
    if (!body.starts_with(signature.start)) continue;
    if (signature.at_8.empty()) return signature.type;
    if (body.size() > 8 && body.substr(8).starts_with(signature.at_8)) return signature.type;
  }
  if (is_mp4(body)) return "video/mp4";
  return std::ranges::any_of(body, is_binary) ? kBytes : kText;
}

}  // namespace watchdog

#include "modes/fork/sniffed_type.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace watchdog {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view kHtml = "text/html; charset=utf-8";
constexpr std::string_view kText = "text/plain; charset=utf-8";
constexpr std::string_view kBytes = "application/octet-stream";

enum class Match {
  kNo,
  kNotYet,  // all that has come fits, and more is needed
  kYes,
};

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

// What a file begins with, and what it has further on; `there` is empty where nothing else counts.
struct Signature {
  std::string_view start;
  size_t offset;
  std::string_view there;
  std::string_view type;
};

constexpr std::array kSignatures = {
    Signature{"%PDF-"sv, 0, {}, "application/pdf"sv},
    Signature{"%!PS-Adobe-"sv, 0, {}, "application/postscript"sv},
    Signature{"\xfe\xff"sv, 0, {}, "text/plain; charset=utf-16be"sv},
    Signature{"\xff\xfe"sv, 0, {}, "text/plain; charset=utf-16le"sv},
    Signature{"\xef\xbb\xbf"sv, 0, {}, kText},
    Signature{"\0\0\1\0"sv, 0, {}, "image/x-icon"sv},
    Signature{"\0\0\2\0"sv, 0, {}, "image/x-icon"sv},
    Signature{"BM"sv, 6, "\0\0\0\0"sv, "image/bmp"sv},
    Signature{"GIF87a"sv, 0, {}, "image/gif"sv},
    Signature{"GIF89a"sv, 0, {}, "image/gif"sv},
    Signature{"RIFF"sv, 8, "WEBPVP"sv, "image/webp"sv},
    Signature{"\x89PNG\r\n\x1a\n"sv, 0, {}, "image/png"sv},
    Signature{"\xff\xd8\xff"sv, 0, {}, "image/jpeg"sv},
    Signature{"FORM"sv, 8, "AIFF"sv, "audio/aiff"sv},
    Signature{"ID3\2"sv, 0, {}, "audio/mpeg"sv},
    Signature{"ID3\3"sv, 0, {}, "audio/mpeg"sv},
    Signature{"ID3\4"sv, 0, {}, "audio/mpeg"sv},
    Signature{"OggS\0"sv, 0, {}, "application/ogg"sv},
    Signature{"MThd\0\0\0\6"sv, 0, {}, "audio/midi"sv},
    Signature{"RIFF"sv, 8, "AVI "sv, "video/avi"sv},
    Signature{"RIFF"sv, 8, "WAVE"sv, "audio/wave"sv},
    Signature{"\x1a\x45\xdf\xa3"sv, 0, {}, "video/webm"sv},
    Signature{"wOFF"sv, 0, {}, "font/woff"sv},
    Signature{"wOF2"sv, 0, {}, "font/woff2"sv},
    Signature{"\0\1\0\0"sv, 0, {}, "font/ttf"sv},
    Signature{"OTTO\0"sv, 0, {}, "font/otf"sv},
    Signature{"ttcf\0"sv, 0, {}, "font/collection"sv},
    Signature{"\x1f\x8b\x08"sv, 0, {}, "application/x-gzip"sv},
    Signature{"PK\3\4"sv, 0, {}, "application/zip"sv},
    Signature{"Rar!\x1a\7"sv, 0, {}, "application/x-rar-compressed"sv},
    Signature{"\0asm"sv, 0, {}, "application/wasm"sv},
};

Match match_bytes(std::string_view bytes, std::string_view wanted) {
  if (bytes.starts_with(wanted)) return Match::kYes;
  return wanted.starts_with(bytes) ? Match::kNotYet : Match::kNo;
}

Match match_signature(std::string_view body, const Signature& signature) {
  const Match start = match_bytes(body, signature.start);
  if (start != Match::kYes) return start;
  return match_bytes(body.substr(std::min(body.size(), signature.offset)), signature.there);
}

Match match_tag(std::string_view text, std::string_view tag) {
  const size_t size = std::min(text.size(), tag.size());
  if (!equals_ignoring_case(text.substr(0, size), tag.substr(0, size))) return Match::kNo;
  if (text.size() <= tag.size()) return Match::kNotYet;
  const char end = text[tag.size()];
  return end == ' ' || end == '>' ? Match::kYes : Match::kNo;
}

// An ISO base media file: a box "ftyp" whose brands name MP4. No such box has 16 MiB, so that its
// size begins with 0 and no text is taken for one.
Match match_mp4(std::string_view body) {
  if (const Match first = match_bytes(body.substr(0, 1), "\0"sv); first != Match::kYes)
    return first;
  const Match type = match_bytes(body.substr(std::min<size_t>(body.size(), 4)), "ftyp");
  if (type != Match::kYes) return type;
  const auto at = [body](size_t i) {
    return static_cast<size_t>(static_cast<unsigned char>(body[i]));
  };
  const size_t box = at(1) << 16 | at(2) << 8 | at(3);
  if (box % 4 != 0) return Match::kNo;
  const size_t end = std::min(box, kMostSniffed);
  for (size_t brand = 8; brand + 4 <= std::min(end, body.size()); brand += 4) {
    if (brand != 12 && body.substr(brand, 3) == "mp4") return Match::kYes;  // at 12 is a version
  }
  return body.size() < end ? Match::kNotYet : Match::kNo;
}

// Bytes that no text has (WHATWG MIME Sniffing 3).
bool is_binary(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte <= 0x08 || byte == 0x0b || (byte >= 0x0e && byte <= 0x1a) ||
         (byte >= 0x1c && byte <= 0x1f);
}

// The first type whose beginning `body` has. `last`: no more of it will be looked at.
std::optional<std::string_view> sniff(std::string_view body, bool last) {
  const size_t start = std::min(body.find_first_not_of("\t\n\f\r "), body.size());
  const std::string_view text = body.substr(start);
  bool undecided = text.empty();
  const auto is = [&undecided](Match match) {
    undecided = undecided || match == Match::kNotYet;
    return match == Match::kYes;
  };
  std::string_view type;
  if (is(match_bytes(text, "<!--")) ||
      std::ranges::any_of(kTags, [&](std::string_view tag) { return is(match_tag(text, tag)); })) {
    type = kHtml;
  } else if (is(match_bytes(text, "<?xml"))) {
    type = "text/xml; charset=utf-8";
  } else {
    const auto found = std::ranges::find_if(kSignatures, [&](const Signature& signature) {
      return is(match_signature(body, signature));
    });
    if (found != kSignatures.end()) type = found->type;
    if (type.empty() && is(match_mp4(body))) type = "video/mp4";
  }
  if (!type.empty()) return type;
  if (undecided && !last) return std::nullopt;
  return std::ranges::any_of(body, is_binary) ? kBytes : kText;
}

}  // namespace

std::string_view sniffed_type(std::string_view body) {
  return *sniff(body.substr(0, kMostSniffed), true);
}

std::optional<std::string_view> sniffed_type_of_beginning(std::string_view beginning) {
  return sniff(beginning.substr(0, kMostSniffed), beginning.size() >= kMostSniffed);
}

}  // namespace watchdog

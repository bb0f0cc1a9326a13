#include "modes/fork/sniffed_type.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace watchdog;
using namespace std::string_view_literals;

namespace {

struct Row {
  std::string_view body;
  std::string_view type;
};

const std::vector<Row> kRows = {
    {"<!doctype html><p>", "text/html; charset=utf-8"},
    {" \n\t<HTML lang=en>", "text/html; charset=utf-8"},
    {"<h1>Hello</h1>", "text/html; charset=utf-8"},
    {"<a href=x>", "text/html; charset=utf-8"},
    {"<!-- a comment -->", "text/html; charset=utf-8"},
    {"<address>", "text/plain; charset=utf-8"},  // <A must end there
    {"<p", "text/plain; charset=utf-8"},
    {"<?xml version=\"1.0\"?>", "text/xml; charset=utf-8"},
    {"<?php echo 1;", "text/plain; charset=utf-8"},
    {"", "text/plain; charset=utf-8"},
    {"Hello", "text/plain; charset=utf-8"},
    {"f\xc3\xbcr \xff", "text/plain; charset=utf-8"},
    {"\x1b[31mred", "text/plain; charset=utf-8"},  // ESC is text, for those who read logs
    {"{\"a\": 1}", "text/plain; charset=utf-8"},
    {"a\0b"sv, "application/octet-stream"},
    {"\x01", "application/octet-stream"},
    {"%PDF-1.7", "application/pdf"},
    {"\xef\xbb\xbfHello", "text/plain; charset=utf-8"},
    {"\xfe\xff\0H"sv, "text/plain; charset=utf-16be"},
    {"\x89PNG\r\n\x1a\n\0"sv, "image/png"},
    {"GIF89a\1\0"sv, "image/gif"},
    {"\xff\xd8\xff\xe0", "image/jpeg"},
    {"RIFF\x24\0\0\0WEBPVP8 "sv, "image/webp"},
    {"RIFF\x24\0\0\0WAVEfmt "sv, "audio/wave"},
    {"RIFF", "text/plain; charset=utf-8"},
    {"ID3\x03", "audio/mpeg"},
    {"\0\0\0\x18"
     "ftypmp42\0\0\0\0mp42isom"sv,
     "video/mp4"},
    {"\0\0\0\x18"
     "ftypisom\0\0\0\0mp41avc1"sv,
     "video/mp4"},
    {"\0\0\0\x18"
     "ftypqt  \0\0\0\0qt  qt  "sv,
     "application/octet-stream"},
    {"\x1a\x45\xdf\xa3\x01", "video/webm"},
    {"\x1f\x8b\x08\0"sv, "application/x-gzip"},
    {"PK\3\4", "application/zip"},
    {"wOF2\0"sv, "font/woff2"},
    {"\0asm\1\0\0\0"sv, "application/wasm"},
    {"BM\x46\0\0\0\0\0\0\0\x36"sv, "image/bmp"},
    {"OTTO\0\x0a"sv, "font/otf"},
    {"ttcf\0\1\0\0"sv, "font/collection"},
    // Words of text that files begin with too.
    {"BMW and others", "text/plain; charset=utf-8"},
    {"ID3 tags", "text/plain; charset=utf-8"},
    {"OTTO's list", "text/plain; charset=utf-8"},
    {"ttcf", "text/plain; charset=utf-8"},
    {"RIFFRAFF of words", "text/plain; charset=utf-8"},
    {"longftypmp42", "text/plain; charset=utf-8"},
};

}  // namespace

TEST_CASE("the type of a body is told by its first bytes") {
  for (const Row& row : kRows) {
    CAPTURE(row.body);
    CHECK(sniffed_type(row.body) == row.type);
  }
}

TEST_CASE("what comes late does not change the type") {
  const std::string text(kMostSniffed, 'a');
  CHECK(sniffed_type(text + '\0') == "text/plain; charset=utf-8");
  CHECK(sniffed_type(text.substr(1) + '\0') == "application/octet-stream");
}

TEST_CASE("a file or page that comes in pieces is never taken for anything else") {
  for (const Row& row : kRows) {
    const bool by_start =
        row.type != "application/octet-stream" && !row.type.starts_with("text/plain");
    if (!by_start) continue;
    CAPTURE(row.body);
    for (size_t size = 0; size < row.body.size(); ++size) {
      CAPTURE(size);
      const auto told = sniffed_type_of_beginning(row.body.substr(0, size));
      CHECK(told.value_or(row.type) == row.type);
    }
    CHECK(sniffed_type_of_beginning(row.body) == row.type);
  }
}

TEST_CASE("only a beginning that may become something else is waited for") {
  for (const std::string_view waits :
       {""sv, " "sv, "\n\n"sv, "<"sv, "<!DOC"sv, "<html"sv, "  <bod"sv, "<?xm"sv, "<!-"sv, "%PDF"sv,
        "GIF8"sv, "BM"sv, "RIFF"sv, "RIFF\x24\0\0\0WAV"sv, "\0"sv, "\x89PN"sv, "\xff"sv,
        "\0\0\0\x18"
        "ftypisom\0\0\0\0"sv}) {
    CAPTURE(waits);
    CHECK_FALSE(sniffed_type_of_beginning(waits));
  }
  for (const std::string_view told : {"H"sv, "{"sv, "1"sv, " x"sv, "<x"sv, "<!D-"sv, "Hello"sv}) {
    CAPTURE(told);
    CHECK(sniffed_type_of_beginning(told) == "text/plain; charset=utf-8");
  }
  CHECK_FALSE(sniffed_type_of_beginning(std::string(kMostSniffed - 1, ' ')));
  CHECK(sniffed_type_of_beginning(std::string(kMostSniffed, ' ')) == "text/plain; charset=utf-8");
}

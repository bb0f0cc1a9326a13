#include "modes/static/media_types.h"

#include <doctest/doctest.h>

#include <string_view>

using namespace watchdog;

TEST_CASE("a name's last extension stands for its type, in any case") {
  const MediaTypes types("");
  CHECK(types.find("index.html").text == "text/html; charset=utf-8");
  CHECK(types.find("a/b/PHOTO.JPG").text == "image/jpeg");
  CHECK(types.find("app.min.js").text == "text/javascript; charset=utf-8");
  CHECK(types.find("data.json").text == "application/json");
  CHECK(types.find("logo.svg").text == "image/svg+xml");
  CHECK(types.find("font.woff2").text == "font/woff2");
  CHECK(types.find("site.webmanifest").text == "application/manifest+json");
  CHECK(types.find("module.wasm").text == "application/wasm");
}

TEST_CASE("what is not known is bytes") {
  const MediaTypes types("");
  for (const std::string_view name : {"LICENSE", "a.unheardof", "", "dir.html/file", "trailing."}) {
    CAPTURE(name);
    CHECK(types.find(name).text == "application/octet-stream");
    CHECK_FALSE(types.find(name).compressible);
  }
}

TEST_CASE("text is worth compressing, what is compressed already is not") {
  const MediaTypes types("");
  for (const std::string_view name : {"a.html", "a.css", "a.js", "a.json", "a.svg", "a.xml",
                                      "a.txt", "a.wasm", "a.ttf", "a.ico", "a.webmanifest"}) {
    CAPTURE(name);
    CHECK(types.find(name).compressible);
  }
  for (const std::string_view name :
       {"a.png", "a.jpg", "a.woff2", "a.mp4", "a.zip", "a.gz", "a.webp", "a.mp3", "a.pdf"}) {
    CAPTURE(name);
    CHECK_FALSE(types.find(name).compressible);
  }
}

TEST_CASE("lines of mime.types add types and win over those built in") {
  const MediaTypes types(
      "# a comment\n\n"
      "text/x-mine\t\tmine  Other # more\n"
      "application/x-html html\n"
      "text/no-extension\n"
      "not-a-type foo\n"
      "text/ bar\n"
      "text/last last");
  CHECK(types.find("a.mine").text == "text/x-mine; charset=utf-8");
  CHECK(types.find("a.other").text == "text/x-mine; charset=utf-8");
  CHECK(types.find("a.html").text == "application/x-html");
  CHECK(types.find("a.htm").text == "text/html; charset=utf-8");
  CHECK(types.find("a.foo").text == "application/octet-stream");
  CHECK(types.find("a.bar").text == "application/octet-stream");
  CHECK(types.find("a.last").text == "text/last; charset=utf-8");
}

TEST_CASE("what browsers depend on has its type whatever mime.types says") {
  const MediaTypes empty("");
  const MediaTypes old(
      "text/vnd.trolltech.linguist ts\napplication/javascript js mjs\n"
      "audio/x-mpegurl m3u8\napplication/octet-stream wasm avif m4s mpd webmanifest\n");
  for (const MediaTypes* types : {&empty, &old, &MediaTypes::of_this_system()}) {
    CHECK(types->find("seg-1.ts").text == "video/mp2t");
    CHECK(types->find("live.m3u8").text == "application/vnd.apple.mpegurl");
    CHECK(types->find("film.mpd").text == "application/dash+xml");
    CHECK(types->find("seg-1.m4s").text == "video/iso.segment");
    CHECK(types->find("a.wasm").text == "application/wasm");
    CHECK(types->find("a.mjs").text == "text/javascript; charset=utf-8");
    CHECK(types->find("a.avif").text == "image/avif");
    CHECK(types->find("a.webmanifest").text == "application/manifest+json");
    CHECK(types->find("a.woff2").text == "font/woff2");
    CHECK(types->find("live.m3u8").compressible);
    CHECK_FALSE(types->find("seg-1.ts").compressible);
  }
  CHECK(empty.find("a.yaml").text == "application/yaml");
  CHECK(empty.find("a.heic").text == "image/heic");
  CHECK(empty.find("a.usdz").text == "model/vnd.usdz+zip");
}

TEST_CASE("a type that could not stand in a header field is left out") {
  const MediaTypes types("text/ev\x01il evil\n");
  CHECK(types.find("a.evil").text == "application/octet-stream");
}

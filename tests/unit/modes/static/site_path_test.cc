#include "modes/static/site_path.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace watchdog;
using Kind = SitePath::Kind;

namespace {

struct Row {
  std::string_view path;
  Kind kind;
  std::string_view name;
};

}  // namespace

TEST_CASE("a path names a file or a folder below the folder served") {
  constexpr Row kRows[] = {
      {"/", Kind::kFolder, ""},
      {"/index.html", Kind::kFile, "index.html"},
      {"/docs", Kind::kFile, "docs"},
      {"/docs/", Kind::kFolder, "docs"},
      {"/a/b/c.txt", Kind::kFile, "a/b/c.txt"},
      {"//a///b//", Kind::kFolder, "a/b"},
      {"/with%20space", Kind::kFile, "with space"},
      {"/%C3%A9t%c3%a9", Kind::kFile, "\xC3\xA9t\xC3\xA9"},
      {"/a+b", Kind::kFile, "a+b"},
      {"/%FF%fe", Kind::kFile, "\xFF\xFE"},
      {"/a%5C..%5Cb", Kind::kFile, "a\\..\\b"},
      {"/a..b", Kind::kFile, "a..b"},
      {"/a.", Kind::kFile, "a."},
      {"/.well-known/acme-challenge/x", Kind::kFile, ".well-known/acme-challenge/x"},
  };
  for (const Row& row : kRows) {
    CAPTURE(row.path);
    const SitePath site = parse_site_path(row.path);
    CHECK(site.kind == row.kind);
    CHECK(site.name == row.name);
  }
}

TEST_CASE("what begins with a dot is hidden, however it is written") {
  for (const std::string_view path :
       {"/.git/config", "/.env", "/a/.hidden", "/..", "/../etc/passwd", "/a/../../b", "/./a",
        "/%2e%2e/etc/passwd", "/%2E./x", "/a/%2ehtaccess", "/a/.well-known/x",
        "/.well-known/.secret", "/.well-knownx", "//../x", "/..%2fetc"}) {
    CAPTURE(path);
    CHECK(parse_site_path(path).kind == Kind::kHidden);
  }
}

TEST_CASE("an escaped slash is no separator") {
  CHECK(parse_site_path("/a%2fb").kind == Kind::kNowhere);
  CHECK(parse_site_path("/a%2F..%2F..%2Fb").kind == Kind::kNowhere);
}

TEST_CASE("broken escapes and NUL are malformed") {
  for (const std::string_view path : {"/%", "/%2", "/%zz", "/a%00b", "/%00", "/a/%0"}) {
    CAPTURE(path);
    CHECK(parse_site_path(path).kind == Kind::kMalformed);
  }
}

TEST_CASE("a folder is found relative to its own path") {
  CHECK(folder_location("/docs", "") == "./docs/");
  CHECK(folder_location("/a/b%20c", "x=1&y") == "./b%20c/?x=1&y");
  CHECK(folder_location("//evil.example", "") == "./evil.example/");
  CHECK(folder_location("/http:x", "") == "./http:x/");
}

TEST_CASE("names that carry a hash are known") {
  for (const std::string_view name :
       {"app.3f2a9c1b.js", "assets/logo.5d5d9eef.svg", "main-0a1b2c3d4e5f.css",
        "vendor_1234567890abcdef.chunk.js", "font.8c1f2e3d4b5a6978.woff2", "index-BfX29aKd.js",
        "app-5E7BSS3C.js", "style.BfX29aKd.css", "a/b/c/chunk.1a2b3c4d.map"}) {
    CAPTURE(name);
    CHECK(is_fingerprinted(name));
  }
}

TEST_CASE("names that people give are not taken for hashes") {
  for (const std::string_view name :
       {"index.html", "app.js", "my-document.pdf", "report-20240101.pdf", "invoice-March2024.pdf",
        "photo-Beach2024.jpg", "jquery-3.7.1.min.js", "bootstrap.bundle.min.js", "deadbeef.js",
        "3f2a9c1b.js", "feedbeef-facade.css", "app.3f2a9c1.js", "noextension-3f2a9c1b", "",
        "a.3f2a9c1b/index.html", "DSC-12345678.jpg", "index-DiwrgTda.js"}) {
    CAPTURE(name);
    CHECK_FALSE(is_fingerprinted(name));
  }
}

#include "modes/static/site_path.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace watchdog;

namespace {

struct NamedPath {
  std::string_view path;
  SitePath::Kind kind;
  std::string_view name;
};

}  // namespace

TEST_CASE("a path names a file or a folder below the folder served") {
  constexpr NamedPath kRows[] = {
      {"/", SitePath::Kind::kFolder, ""},
      {"/index.html", SitePath::Kind::kFile, "index.html"},
      {"/docs", SitePath::Kind::kFile, "docs"},
      {"/docs/", SitePath::Kind::kFolder, "docs"},
      {"/a/b/c.txt", SitePath::Kind::kFile, "a/b/c.txt"},
      {"//a///b//", SitePath::Kind::kFolder, "a/b"},
      {"/with%20space", SitePath::Kind::kFile, "with space"},
      {"/%C3%A9t%c3%a9", SitePath::Kind::kFile, "\xC3\xA9t\xC3\xA9"},
      {"/a+b", SitePath::Kind::kFile, "a+b"},
      {"/%FF%fe", SitePath::Kind::kFile, "\xFF\xFE"},
      {"/a%5C..%5Cb", SitePath::Kind::kFile, "a\\..\\b"},
      {"/a..b", SitePath::Kind::kFile, "a..b"},
      {"/a.", SitePath::Kind::kFile, "a."},
      {"/.well-known/acme-challenge/x", SitePath::Kind::kFile, ".well-known/acme-challenge/x"},
  };
  for (const NamedPath& row : kRows) {
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
    CHECK(parse_site_path(path).kind == SitePath::Kind::kHidden);
  }
}

TEST_CASE("a hidden path is still a path, unless it climbs") {
  for (const std::string_view path :
       {"/u/.bob", "/repo/.github/x", "/.env", "/a/.b/", "/.b/c%2fd"}) {
    CAPTURE(path);
    CHECK_FALSE(parse_site_path(path).climbs);
  }
  CHECK(parse_site_path("/u/.bob").name == "u/.bob");
  for (const std::string_view path : {"/..", "/.", "/./.env", "/.git/../x", "/a/../b", "/%2e%2e/x",
                                      "/..%2fetc", "/.a%2f..%2fb"}) {
    CAPTURE(path);
    CHECK(parse_site_path(path).climbs);
  }
}

TEST_CASE("an escaped slash is no separator") {
  CHECK(parse_site_path("/a%2fb").kind == SitePath::Kind::kNowhere);
  CHECK(parse_site_path("/a%2F..%2F..%2Fb").kind == SitePath::Kind::kNowhere);
}

TEST_CASE("broken escapes and NUL are malformed") {
  for (const std::string_view path : {"/%", "/%2", "/%zz", "/a%00b", "/%00", "/a/%0"}) {
    CAPTURE(path);
    CHECK(parse_site_path(path).kind == SitePath::Kind::kMalformed);
  }
}

TEST_CASE("a folder is found relative to its own path") {
  CHECK(folder_location("/docs", "") == "./docs/");
  CHECK(folder_location("/a/b%20c", "x=1&y") == "./b%20c/?x=1&y");
  CHECK(folder_location("//evil.example", "") == "./evil.example/");
  CHECK(folder_location("/http:x", "") == "./http:x/");
}

#include "modes/gateway/accel_root.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace watchdog;

namespace {

std::string name_of(std::string_view field, std::string_view value,
                    const std::vector<std::string>& roots = {"/srv/current/./files/",
                                                             "/srv/one/files"}) {
  return name_below_accel_root({field, value}, roots).value_or("outside");
}

std::string redirected(std::string_view value) {
  return name_of("X-Accel-Redirect", value);
}
std::string sent(std::string_view value) {
  return name_of("X-Sendfile", value);
}

}  // namespace

TEST_CASE("X-Accel-Redirect is a URI below accel_root") {
  CHECK(redirected("/a/b.txt") == "a/b.txt");
  CHECK(redirected("//a/./b.txt?c=/../d") == "a/b.txt");
  CHECK(redirected("%2Fa%20b%3Fc") == "a b?c");
  CHECK(redirected("/100%") == "100%");
  CHECK(redirected("/a%00") == "a%00");
  CHECK(redirected("/..a/b..") == "..a/b..");
  CHECK(redirected("/") == "");
  for (const std::string_view value : {"", "a", "?", "@named", "http://host/a", "/..", "/../a",
                                       "/a/../b", "/a/..", "/%2e%2E/a", "/a%2f..%2fb", "/.%2e"}) {
    CAPTURE(value);
    CHECK(redirected(value) == "outside");
  }
}

TEST_CASE("X-Sendfile is a path that leads below accel_root") {
  CHECK(sent("/srv/current/files/a/b.txt") == "a/b.txt");
  CHECK(sent("/srv/one/files/a%20b") == "a b");
  CHECK(sent("/srv//one/x/../files/./a?b") == "a?b");
  CHECK(sent("/../srv/one/files/100%") == "100%");
  CHECK(sent("/srv/one/files/") == "outside");
  for (const std::string_view value :
       {"", "a", "files/a", "/srv/one/files", "/srv/one/files2/a", "/srv/one/filesa",
        "/srv/one/files/../a", "/srv/one/files/%2e%2e/a", "/srv/one/files/a/../../../b",
        "/etc/passwd", "/.."}) {
    CAPTURE(value);
    CHECK(sent(value) == "outside");
  }
  CHECK(name_of("X-LIGHTTPD-send-file", "/etc/passwd", {"/"}) == "etc/passwd");
}

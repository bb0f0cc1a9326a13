#include "http/http_url.h"

#include <doctest/doctest.h>

using namespace watchdog;

TEST_CASE("a URL has a host, a port and a target") {
  struct Row {
    const char* text;
    const char* host;
    int port;
    const char* target;
  };
  for (const Row& row :
       {Row{"http://a", "a", 80, "/"}, Row{"http://a/", "a", 80, "/"},
        Row{"http://a.b:8080/c/d?e=f", "a.b", 8080, "/c/d?e=f"},
        Row{"http://127.0.0.1:1?q", "127.0.0.1", 1, "/?q"},
        Row{"http://[::1]:90/x", "::1", 90, "/x"}, Row{"http://[::1]", "::1", 80, "/"}}) {
    CAPTURE(row.text);
    const auto url = parse_http_url(row.text);
    REQUIRE(url);
    CHECK(url->authority.host == row.host);
    CHECK(url->authority.port == row.port);
    CHECK(url->target == row.target);
  }
}

TEST_CASE("what is no http URL, or cannot stand in a request, is refused") {
  for (const char* text :
       {"", "a", "ftp://a", "http://", "http:///x", "http://a:0", "http://a:65536", "http://a:x",
        "http://u@a", "http://[::1", "http://[x]", "http://a/b c", "http://a/b\r\nX: y",
        "http://a/#b", "https://a"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_http_url(text));
  }
}

TEST_CASE("an authority leaves the usual port out") {
  CHECK(Authority{"a", 80}.text() == "a");
  CHECK(Authority{"a", 81}.text() == "a:81");
  CHECK(Authority{"::1", 81}.text() == "[::1]:81");
}

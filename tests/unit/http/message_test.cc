#include "http/message.h"

#include <doctest/doctest.h>

#include <string>

using namespace watchdog;

namespace {

RequestHead with_target(std::string_view target) {
  RequestHead head;
  head.target = target;
  return head;
}

}  // namespace

TEST_CASE("a target is path and query, both verbatim") {
  CHECK(with_target("/a%20b//../c?x=%20&y").path() == "/a%20b//../c");
  CHECK(with_target("/a%20b//../c?x=%20&y").query() == "x=%20&y");
  CHECK(with_target("/").query() == "");
  CHECK(with_target("/?").query() == "");
  CHECK(with_target("/a?b?c").query() == "b?c");
  CHECK(with_target("*").path() == "*");
}

TEST_CASE("of an absolute target the path counts") {
  CHECK(with_target("http://example.com/a?b").path() == "/a");
  CHECK(with_target("http://example.com/a?b").query() == "b");
  CHECK(with_target("http://example.com").path() == "/");
  CHECK(with_target("http://example.com?b").path() == "/");
  CHECK(with_target("http://example.com?b").query() == "b");
}

TEST_CASE("fields are found whatever their case, the first of a name first") {
  Fields fields;
  fields.add("Accept", "one");
  fields.add("ACCEPT", "two");
  REQUIRE(fields.find("accept") != nullptr);
  CHECK(fields.find("accept")->value == "one");
  CHECK(fields.find("absent") == nullptr);
}

TEST_CASE("a token is found in any list of its field") {
  Fields fields;
  fields.add("Connection", "keep-alive , Upgrade");
  fields.add("connection", "close");
  CHECK(fields.lists("Connection", "upgrade"));
  CHECK(fields.lists("connection", "close"));
  CHECK_FALSE(fields.lists("connection", "clos"));
  CHECK_FALSE(fields.lists("absent", "close"));
}

TEST_CASE("every status has its registered phrase") {
  CHECK(reason_phrase(200) == "OK");
  CHECK(reason_phrase(100) == "Continue");
  CHECK(reason_phrase(431) == "Request Header Fields Too Large");
  CHECK(reason_phrase(499) == "Client Closed Request");
  CHECK(reason_phrase(511) == "Network Authentication Required");
  CHECK(reason_phrase(299) == "");
  CHECK(reason_phrase(999) == "");
}

TEST_CASE("HEAD, 1xx, 204 and 304 have no body") {
  CHECK(response_has_body("GET", 200));
  CHECK_FALSE(response_has_body("HEAD", 200));
  CHECK_FALSE(response_has_body("GET", 101));
  CHECK_FALSE(response_has_body("GET", 204));
  CHECK_FALSE(response_has_body("GET", 304));
}

TEST_CASE("heads and chunks are written as RFC 9112 says") {
  std::string text;
  append_status_line(text, 200);
  append_field(text, "Name", "value");
  append_chunk_header(text, 0x1f4);
  append_chunk_header(text, 0);
  append_chunk_header(text, UINT64_MAX);
  CHECK(text == "HTTP/1.1 200 OK\r\nName: value\r\n1f4\r\n0\r\nffffffffffffffff\r\n");
}

TEST_CASE("a date has the length and form of RFC 9110 5.6.7") {
  const std::string date(http_date());
  CHECK(date.size() == 29);
  CHECK(date.ends_with(" GMT"));
  CHECK(date[3] == ',');
}

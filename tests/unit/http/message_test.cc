#include "http/message.h"

#include <doctest/doctest.h>
#include <time.h>

#include <cstdint>
#include <string>

using namespace watchdog;

namespace {

struct Target {
  std::string target;
  std::string path;
  std::string query;
};

}  // namespace

TEST_CASE("a field is found by its name in any case, the first one first") {
  Fields fields;
  fields.add("Accept", "a");
  fields.add("X-One", "1");
  fields.add("x-one", "2");
  REQUIRE(fields.find("x-ONE") != nullptr);
  CHECK(fields.find("x-ONE")->value == "1");
  CHECK(fields.find("x-ONE")->name == "X-One");
  CHECK(fields.find("x-on") == nullptr);
  CHECK(fields.find("x-one1") == nullptr);
}

TEST_CASE("fields keep their order and their duplicates") {
  Fields fields;
  fields.add("B", "1");
  fields.add("A", "2");
  fields.add("B", "3");
  std::string all;
  for (const Field& field : fields) all.append(field.name).append(field.value);
  CHECK(all == "B1A2B3");
  CHECK(fields.size() == 3);
  fields.clear();
  CHECK(fields.size() == 0);
}

TEST_CASE("a token is listed in any of the fields of a name, whole and in any case") {
  Fields fields;
  fields.add("Connection", "Upgrade ,\tX-Foo");
  fields.add("Other", "close");
  fields.add("connection", ",, Keep-Alive,");
  CHECK(fields.lists("connection", "upgrade"));
  CHECK(fields.lists("connection", "x-foo"));
  CHECK(fields.lists("Connection", "keep-alive"));
  CHECK_FALSE(fields.lists("connection", "close"));
  CHECK_FALSE(fields.lists("connection", "keep"));
  CHECK_FALSE(fields.lists("connection", "foo"));
  CHECK_FALSE(fields.lists("upgrade", "upgrade"));
}

TEST_CASE("path and query are the target's, verbatim") {
  const Target targets[] = {
      {"/", "/", ""},
      {"/a/b", "/a/b", ""},
      {"/a?b=c&d", "/a", "b=c&d"},
      {"/a?b?c", "/a", "b?c"},
      {"/a?", "/a", ""},
      {"//..//%2F?x=http://y/z", "//..//%2F", "x=http://y/z"},
      {"/?a", "/", "a"},
      {"*", "*", ""},
      {"http://example.org", "/", ""},
      {"http://example.org/", "/", ""},
      {"http://example.org/a/b?c", "/a/b", "c"},
      {"https://[::1]:80?c/d", "/", "c/d"},
  };
  for (const Target& row : targets) {
    CAPTURE(row.target);
    RequestHead head;
    head.target = row.target;
    CHECK(head.path() == row.path);
    CHECK(head.query() == row.query);
  }
}

TEST_CASE("a status has its registered phrase") {
  CHECK(reason_phrase(100) == "Continue");
  CHECK(reason_phrase(200) == "OK");
  CHECK(reason_phrase(404) == "Not Found");
  CHECK(reason_phrase(413) == "Content Too Large");
  CHECK(reason_phrase(429) == "Too Many Requests");
  CHECK(reason_phrase(431) == "Request Header Fields Too Large");
  CHECK(reason_phrase(451) == "Unavailable For Legal Reasons");
  CHECK(reason_phrase(499) == "Client Closed Request");
  CHECK(reason_phrase(511) == "Network Authentication Required");
}

TEST_CASE("a status that is not registered has no phrase") {
  for (const int status : {-1, 0, 99, 306, 418, 430, 512, 599, 999}) {
    CAPTURE(status);
    CHECK(reason_phrase(status).empty());
  }
}

TEST_CASE("some responses have no body, whatever they say") {
  CHECK(response_has_body("GET", 200));
  CHECK(response_has_body("POST", 404));
  CHECK(response_has_body("GET", 205));
  CHECK_FALSE(response_has_body("HEAD", 200));
  CHECK_FALSE(response_has_body("GET", 101));
  CHECK_FALSE(response_has_body("GET", 204));
  CHECK_FALSE(response_has_body("GET", 304));
}

TEST_CASE("status lines, fields and chunk headers are written as RFC 9112 has them") {
  std::string out = "x";
  append_status_line(out, 200);
  append_status_line(out, 299);
  append_field(out, "Content-Type", "text/plain");
  append_field(out, "X-Empty", "");
  CHECK(out == "xHTTP/1.1 200 OK\r\nHTTP/1.1 299 \r\nContent-Type: text/plain\r\nX-Empty: \r\n");
  out.clear();
  for (const uint64_t size : {uint64_t{0}, uint64_t{9}, uint64_t{500}, UINT64_MAX}) {
    append_chunk_header(out, size);
  }
  CHECK(out == "0\r\n9\r\n1f4\r\nffffffffffffffff\r\n");
}

TEST_CASE("fields of one name stand side by side, in their order") {
  Fields fields;
  fields.add("B", "1");
  fields.add("a", "2");
  fields.add("b", "3");
  fields.add("ab", "4");
  fields.add("A", "5");
  fields.add("b", "6");
  std::string a;
  std::string b;
  std::string names;
  for (const Field* field : fields.by_name()) {
    if (field->name == "a" || field->name == "A") a += field->value;
    if (field->name == "b" || field->name == "B") b += field->value;
    const char letter = static_cast<char>(field->name.size() == 2 ? '2' : field->name[0] | 32);
    if (!names.ends_with(letter)) names += letter;
  }
  CHECK(a == "25");
  CHECK(b == "136");
  CHECK(names.size() == 3);
}

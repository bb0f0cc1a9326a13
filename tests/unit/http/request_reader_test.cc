#include "http/request_reader.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "corpus.h"
#include "transcript.h"

using namespace watchdog;
using namespace std::string_literals;

namespace {

std::string whole(std::string_view bytes) {
  return transcript({bytes});
}

// Every offset of a short message; of a long one its ends and some between.
size_t next_offset(size_t offset, size_t size) {
  const bool dense = size < 2000 || offset < 100 || offset + 100 >= size;
  return offset + (dense ? 1 : size / 50);
}

void check_all_cuts(const std::string& name, std::string_view bytes) {
  CAPTURE(name);
  const std::string expected = whole(bytes);
  CHECK(transcript(in_pieces_of(1, bytes)) == expected);
  for (size_t at = 1; at < bytes.size(); at = next_offset(at, bytes.size())) {
    CAPTURE(at);
    CHECK(transcript({bytes.substr(0, at), bytes.substr(at)}) == expected);
  }
}

// The last line of a transcript, which for a refused message names the status.
std::string outcome(const std::string& text) {
  const size_t last = text.rfind("refused ");
  return last == std::string::npos ? text
                                   : text.substr(last, std::string_view("refused 400").size());
}

bool is_token_character(int c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c != 0 &&
          std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos);
}

bool accepts(std::string_view bytes) {
  return whole(bytes).find("refused") == std::string::npos;
}

}  // namespace

TEST_CASE("good messages are read as they are meant") {
  for (const auto& row : corpus::accepted()) {
    CAPTURE(row.name);
    CHECK(whole(row.bytes) == row.events);
  }
}

TEST_CASE("malformed messages are refused with the right status") {
  for (const auto& row : corpus::refused()) {
    CAPTURE(row.name);
    CHECK(outcome(whole(row.bytes)) == "refused " + std::to_string(row.status));
  }
}

TEST_CASE("every refusal says why, and it is ours to say") {
  for (const auto& row : corpus::refused()) {
    CAPTURE(row.name);
    const std::string text = whole(row.bytes);
    CHECK(text.size() > text.rfind("refused ") + std::string_view("refused 400 \n").size());
    CHECK(text.find("malformed request\n") == std::string::npos);
  }
}

TEST_CASE("the outcome of good messages does not depend on how they are cut") {
  for (const auto& row : corpus::accepted()) check_all_cuts(row.name, row.bytes);
}

TEST_CASE("the outcome of malformed messages does not depend on how they are cut") {
  for (const auto& row : corpus::refused()) check_all_cuts(row.name, row.bytes);
}

TEST_CASE("a malformed message is refused behind a good one as well") {
  const std::string good = corpus::chunked("1\r\na\r\n0\r\n\r\n");
  for (const auto& row : corpus::refused()) {
    CAPTURE(row.name);
    CHECK(outcome(whole(good + row.bytes)) == "refused " + std::to_string(row.status));
  }
}

TEST_CASE("a value may hold every byte but control characters, and a tab") {
  for (int c = 0; c < 256; ++c) {
    CAPTURE(c);
    const bool allowed = c == '\t' || (c >= 0x20 && c != 0x7f);
    for (const std::string name : {"X", "Connection", "Upgrade", "Proxy-Connection", "Expect"}) {
      CAPTURE(name);
      const std::string field = name + ": a" + static_cast<char>(c) + "b";
      CHECK(accepts(corpus::with_field(field)) == allowed);
    }
  }
}

TEST_CASE("a name may hold the characters of a token") {
  for (int c = 0; c < 256; ++c) {
    if (c == ':') continue;
    CAPTURE(c);
    const auto field = "X"s + static_cast<char>(c) + "Y: 1";
    CHECK(accepts(corpus::with_field(field)) == is_token_character(c));
  }
}

TEST_CASE("a target may hold the visible characters of ASCII without #") {
  for (int c = 0; c < 256; ++c) {
    CAPTURE(c);
    const bool allowed = c > 0x20 && c < 0x7f && c != '#';
    const std::string byte(1, static_cast<char>(c));
    CHECK(accepts(corpus::with_target("/a" + byte + "b")) == allowed);
    CHECK(accepts(corpus::with_target("/" + byte)) == allowed);
    CHECK(accepts(corpus::with_target("/a?" + byte)) == allowed);
    CHECK(accepts(corpus::with_target("http://a/" + byte)) == allowed);
  }
}

TEST_CASE("a host may hold the same characters in Host and in the target") {
  for (int c = 0; c < 256; ++c) {
    if (c == '/' || c == '?') continue;  // they end the host of a target
    CAPTURE(c);
    const std::string host = "a"s + static_cast<char>(c) + "1";
    const bool allowed =
        c == ':' || (is_token_character(c) && c != '#' && c != '|' && c != '^' && c != '`') ||
        std::string_view("(),;=").find(static_cast<char>(c)) != std::string_view::npos;
    CHECK(accepts(corpus::with_host(host)) == allowed);
    CHECK(accepts(corpus::with_target("http://" + host + "/")) == allowed);
  }
}

TEST_CASE("every method that all parsers know is taken") {
  for (const std::string method :
       {"GET",       "POST",      "HEAD",       "PUT",        "DELETE",     "PATCH",  "OPTIONS",
        "TRACE",     "ACL",       "BIND",       "CHECKOUT",   "COPY",       "LINK",   "LOCK",
        "M-SEARCH",  "MERGE",     "MKACTIVITY", "MKCALENDAR", "MKCOL",      "MOVE",   "NOTIFY",
        "PROPFIND",  "PROPPATCH", "PURGE",      "REBIND",     "REPORT",     "SEARCH", "SOURCE",
        "SUBSCRIBE", "UNBIND",    "UNLINK",     "UNLOCK",     "UNSUBSCRIBE"}) {
    CAPTURE(method);
    CHECK(whole(corpus::with_line(method + " / HTTP/1.1")) ==
          method + " / HTTP/1.1 keep-alive\n  Host=a\nend\n");
    CHECK(accepts(method + " / HTTP/1.0\r\n\r\n"));
  }
}

TEST_CASE("a line without an end is refused at its limit, not buffered") {
  RequestReader reader;
  const std::string piece(1000, 'a');
  size_t fed = 0;
  reader.feed("GET / HTTP/1.1\r\nX: ");
  RequestReader::Event event = reader.next();
  while (event == RequestReader::Event::kNeedMore && fed < 10 * RequestReader::kMaxHead) {
    fed += piece.size();
    reader.feed(piece);
    event = reader.next();
  }
  CHECK(event == RequestReader::Event::kError);
  CHECK(reader.error().status == 431);
  CHECK(fed <= RequestReader::kMaxHead + piece.size());
}

TEST_CASE("a refused line is refused as soon as its first wrong byte is there") {
  RequestReader reader;
  reader.feed("GET /\x01");
  CHECK(reader.next() == RequestReader::Event::kError);
}

TEST_CASE("bytes behind a message are left until they are asked for") {
  RequestReader reader;
  const std::string first = corpus::post("Content-Length: 2", "hi");
  const std::string both = first + corpus::with_target("/2");
  reader.feed(both);
  CHECK(reader.next() == RequestReader::Event::kHead);
  CHECK(reader.consumed() == first.size() - 2);
  CHECK(reader.next() == RequestReader::Event::kBody);
  CHECK(reader.body() == "hi");
  CHECK(reader.body().data() == both.data() + first.size() - 2);
  CHECK(reader.next() == RequestReader::Event::kEnd);
  CHECK(reader.consumed() == first.size());
  CHECK(reader.request().method == "POST");
  reader.feed(std::string_view(both).substr(first.size()));
  CHECK(reader.next() == RequestReader::Event::kHead);
  CHECK(reader.request().target == "/2");
}

TEST_CASE("a message without a body ends without more bytes") {
  RequestReader reader;
  const std::string bytes = corpus::with_target("/");
  reader.feed(bytes);
  CHECK(reader.next() == RequestReader::Event::kHead);
  CHECK_FALSE(reader.between_messages());
  CHECK(reader.next() == RequestReader::Event::kEnd);
  CHECK(reader.request().target == "/");
  CHECK(reader.next() == RequestReader::Event::kNeedMore);
}

TEST_CASE("the head stays valid while the body comes in other bytes") {
  RequestReader reader;
  {
    const std::string head = corpus::chunked("");
    reader.feed(head);
    CHECK(reader.next() == RequestReader::Event::kHead);
    CHECK(reader.next() == RequestReader::Event::kNeedMore);
  }
  reader.feed("5;a=\"a longer extension\"\r\nhello\r\n0\r\nX-Trailer: some longer value\r\n\r\n");
  CHECK(reader.next() == RequestReader::Event::kBody);
  CHECK(reader.next() == RequestReader::Event::kEnd);
  CHECK(describe(reader.request()) ==
        "POST / HTTP/1.1 keep-alive chunked\n  Host=a\n  Transfer-Encoding=chunked\n");
}

TEST_CASE("empty lines before a request do not begin a message") {
  RequestReader reader;
  CHECK(reader.between_messages());
  for (const std::string_view piece : {"\r\n", "\r", "\n"}) {
    reader.feed(piece);
    CHECK(reader.next() == RequestReader::Event::kNeedMore);
    CHECK(reader.between_messages());
  }
  reader.feed("G");
  CHECK(reader.next() == RequestReader::Event::kNeedMore);
  CHECK_FALSE(reader.between_messages());
}

TEST_CASE("the empty lines before each request are counted anew") {
  const std::string request = "\r\n\r\n\r\n" + corpus::with_target("/");
  CHECK(accepts(request + request + request));
}

TEST_CASE("no bytes need more bytes") {
  RequestReader reader;
  CHECK(reader.next() == RequestReader::Event::kNeedMore);
  reader.feed({});
  CHECK(reader.next() == RequestReader::Event::kNeedMore);
  CHECK(reader.consumed() == 0);
}

TEST_CASE("after an error there is nothing but the error") {
  RequestReader reader;
  reader.feed("nonsense\r\n");
  CHECK(reader.next() == RequestReader::Event::kError);
  const std::string good = corpus::with_target("/");
  reader.feed(good);
  CHECK(reader.next() == RequestReader::Event::kError);
  CHECK(reader.error().status == 400);
  CHECK(reader.error().reason == "not a method, a target and an HTTP version");
}

TEST_CASE("a reader that gave back its memory reads on") {
  RequestReader reader;
  const std::string large = corpus::with_field("X: " + std::string(100'000, 'a'));
  for (int i = 0; i < 3; ++i) {
    reader.feed(large);
    CHECK(reader.next() == RequestReader::Event::kHead);
    CHECK(reader.request().fields.size() == 2);
    CHECK(reader.next() == RequestReader::Event::kEnd);
    reader.shrink();
    CHECK(reader.request().fields.size() == 0);
    CHECK(reader.request().target.empty());
  }
}

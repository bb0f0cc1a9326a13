#include "http/reader.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "corpus.h"

using namespace watchdog;

namespace {

// What came of reading some bytes: each message's request line and body, and how it ended.
struct Outcome {
  struct Message {
    std::string head;
    std::string body;
    bool operator==(const Message&) const = default;
  };
  std::vector<Message> messages;
  bool complete = false;  // between messages at the end
  int status = 0;         // of the refusal

  bool operator==(const Outcome&) const = default;
};

// Feeds the bytes in pieces that end at `cuts`, as a Stream would: what was not used comes again.
Outcome read(std::string_view bytes, const std::vector<size_t>& cuts) {
  Reader reader;
  Outcome outcome;
  std::string held;
  size_t start = 0;
  for (size_t i = 0; i <= cuts.size(); ++i) {
    const size_t end = i < cuts.size() ? cuts[i] : bytes.size();
    held += bytes.substr(start, end - start);
    start = end;
    reader.feed(held);
    Reader::Event event = Reader::Event::kNeedMore;
    while ((event = reader.next()) != Reader::Event::kNeedMore) {
      if (event == Reader::Event::kHead) {
        const RequestHead& head = reader.request();
        outcome.messages.push_back({std::string(head.method) + " " + std::string(head.target), ""});
        for (const Field& field : head.fields) {
          outcome.messages.back().head +=
              "|" + std::string(field.name) + ":" + std::string(field.value);
        }
      } else if (event == Reader::Event::kBody) {
        outcome.messages.back().body += reader.body();
      } else if (event == Reader::Event::kError) {
        outcome.status = reader.error().status;
        CHECK(reader.error().reason != "");
        return outcome;
      }
    }
    CHECK(reader.consumed() == held.size());
    held.clear();
  }
  outcome.complete = reader.between_messages();
  return outcome;
}

Outcome whole(std::string_view bytes) {
  return read(bytes, {});
}

// The outcome must not depend on how the bytes come.
void check_splits(const std::string& bytes, const Outcome& expected) {
  std::vector<size_t> every;
  for (size_t i = 1; i < bytes.size(); ++i) every.push_back(i);
  CHECK(read(bytes, every) == expected);
  const size_t step = std::max<size_t>(1, bytes.size() / 500);
  for (size_t i = 1; i < bytes.size(); i += step) CHECK(read(bytes, {i}) == expected);
}

}  // namespace

TEST_CASE("malformed requests are refused with their status, however they come") {
  for (const Malformed& request : malformed_requests()) {
    CAPTURE(request.name);
    const Outcome outcome = whole(request.bytes);
    CHECK(outcome.status == request.status);
    check_splits(request.bytes, outcome);
  }
}

TEST_CASE("requests are read with their fields in order, and their bodies") {
  const std::vector<std::pair<std::string, std::vector<Outcome::Message>>> requests = {
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", {{"GET /|Host:a", ""}}},
      {"GET / HTTP/1.1\r\nHost:\r\n\r\n", {{"GET /|Host:", ""}}},
      {"GET / HTTP/1.0\r\n\r\n", {{"GET /", ""}}},
      {"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", {{"GET /|Host:a", ""}}},
      {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", {{"OPTIONS *|Host:a", ""}}},
      {"GET http://a/b?c HTTP/1.1\r\nHost: a\r\n\r\n", {{"GET http://a/b?c|Host:a", ""}}},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: \t b c \t\r\nY:\r\nx: \xc3\xa4\r\n\r\n",
       {{"GET /|Host:a|X:b c|Y:|x:\xc3\xa4", ""}}},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
       {{"POST /|Host:a|Content-Length:5", "hello"}}},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
       {{"POST /|Host:a|Content-Length:0", ""}}},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
       "3\r\nabc\r\nA;x=y;z=\"q\"\r\n0123456789\r\n000\r\nTrailer: t\r\n\r\n",
       {{"POST /|Host:a|Transfer-Encoding:Chunked", "abc0123456789"}}},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
       {{"GET /|Host:a|Connection:Upgrade|Upgrade:websocket", ""}}},
      {"POST / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 2\r\n"
       "\r\nhi",
       {{"POST /|Host:a|Upgrade:h2c|Connection:Upgrade|Content-Length:2", "hi"}}},
      {"POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
       "GET /2 HTTP/1.1\r\nHost: b\r\n\r\n"
       "POST /3 HTTP/1.1\r\nHost: c\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
       {{"POST /1|Host:a|Content-Length:3", "abc"},
        {"GET /2|Host:b", ""},
        {"POST /3|Host:c|Transfer-Encoding:chunked", "x"}}},
  };
  for (const auto& [bytes, messages] : requests) {
    CAPTURE(bytes);
    const Outcome expected{messages, true, 0};
    CHECK(whole(bytes) == expected);
    check_splits(bytes, expected);
  }
}

TEST_CASE("the head says how the body ends and whether the connection stays") {
  Reader reader;
  const auto head = [&](std::string_view text) -> const RequestHead& {
    reader.feed(text);
    REQUIRE(reader.next() == Reader::Event::kHead);
    return reader.request();
  };
  const RequestHead& request = head(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\nExpect: 100-Continue\r\n"
      "Connection: close\r\n\r\n");
  CHECK(request.framing == BodyFraming::kSized);
  CHECK(request.content_length == 7);
  CHECK(request.expects_continue);
  CHECK_FALSE(request.keep_alive);
  reader.feed("1234567");
  CHECK(reader.next() == Reader::Event::kBody);
  CHECK(reader.next() == Reader::Event::kEnd);
  CHECK(reader.request().method == "POST");

  CHECK_FALSE(head("GET / HTTP/1.0\r\n\r\n").keep_alive);
  CHECK(reader.next() == Reader::Event::kEnd);
  CHECK(head("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keep_alive);
  CHECK(reader.request().minor_version == 0);
  CHECK(reader.next() == Reader::Event::kEnd);
  CHECK_FALSE(head("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n").expects_continue);
}

TEST_CASE("an idle reader can give its memory back and go on") {
  Reader reader;
  const std::string big = "GET /" + std::string(60'000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  for (int i = 0; i < 3; ++i) {
    reader.feed(big);
    CHECK(reader.next() == Reader::Event::kHead);
    CHECK(reader.next() == Reader::Event::kEnd);
    CHECK(reader.between_messages());
    reader.shrink();
    CHECK(reader.next() == Reader::Event::kNeedMore);
  }
}

TEST_CASE("after a refusal nothing more is read") {
  Reader reader;
  reader.feed("nonsense\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(reader.next() == Reader::Event::kError);
  CHECK(reader.next() == Reader::Event::kError);
}

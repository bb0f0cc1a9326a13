#include "http/response_reader.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "http/response_transcript.h"

using namespace watchdog;

namespace {

struct Row {
  const char* name;
  std::string bytes;
  const char* says;
  const char* method = "GET";
};

const std::vector<Row> kAccepted = {
    {"sized", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: b\r\n\r\nhello",
     "200 OK keep length 5\n  Content-Length=5\n  A=b\nbody hello\nend \ngoes on"},
    {"empty", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
     "200 OK keep length 0\n  Content-Length=0\nend \ngoes on"},
    {"without a reason", "HTTP/1.1 204\r\n\r\n", "204  keep\nend \ngoes on"},
    {"with an empty reason", "HTTP/1.1 204 \r\n\r\n", "204  keep\nend \ngoes on"},
    {"chunked with trailers",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: 1\r\n"
     "U: 2\r\n\r\n",
     "200 OK keep chunked\n  Transfer-Encoding=chunked\nbody abcde\nend T: 1\r\nU: 2\r\n\ngoes on"},
    {"until the connection ends", "HTTP/1.1 200 OK\r\n\r\nall of it",
     "200 OK close until close\nbody all of it\nends here"},
    {"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx",
     "200 OK close length 1\n  Content-Length=1\nbody x\nend \ngoes on"},
    {"HTTP/1.0 that stays",
     "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\nx",
     "200 OK keep length 1\n  Connection=Keep-Alive\n  Content-Length=1\nbody x\nend \ngoes on"},
    {"one that will close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
     "200 OK close length 0\n  Connection=close\n  Content-Length=0\nend \ngoes on"},
    {"to HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n",
     "200 OK keep length 99\n  Content-Length=99\nend \ngoes on", "HEAD"},
    {"304 with a length", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
     "304 Not Modified keep length 9\n  Content-Length=9\nend \ngoes on"},
    {"interim first", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
     "103 Early Hints keep\n  Link=x\nend \n204 No Content keep\nend \ngoes on"},
    {"bytes beyond ASCII", "HTTP/1.1 200 \xe4\r\nX: \xff\r\nContent-Length: 0\r\n\r\n",
     "200 \xe4 keep length 0\n  X=\xff\n  Content-Length=0\nend \ngoes on"},
};

const std::vector<Row> kRefused = {
    {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
     "more than"},
    {"length and chunked",
     "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "both"},
    {"another coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "coding"},
    {"chunked twice", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", "coding"},
    {"chunked in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.0"},
    {"a negative length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "Content-Length"},
    {"a folded line", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "folded"},
    {"a bare LF", "HTTP/1.1 200 OK\nA: b\r\n\r\n", "LF"},
    {"a bare CR", "HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n", "CR"},
    {"a NUL", std::string("HTTP/1.1 200 OK\r\nA: \0\r\n\r\n", 23), "NUL"},
    {"a space before the colon", "HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "white space"},
    {"two digits of status", "HTTP/1.1 20 OK\r\n\r\n", "status line"},
    {"four digits of status", "HTTP/1.1 2000 OK\r\n\r\n", "status line"},
    {"status 099", "HTTP/1.1 099 OK\r\n\r\n", "status line"},
    {"another version", "HTTP/2.0 200 OK\r\n\r\n", "version"},
    {"an empty first line", "\r\nHTTP/1.1 200 OK\r\n\r\n", "version"},
    {"no HTTP", "hello\r\n\r\n", "version"},
    {"a malformed chunk size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
     "chunk"},
    {"bytes after the end", "HTTP/1.1 204 No Content\r\n\r\nmore", "after the end"},
    {"too many fields",
     [] {
       std::string text = "HTTP/1.1 200 OK\r\n";
       for (size_t i = 0; i <= ResponseReader::kMaxFields; ++i) text += "A: b\r\n";
       return text;
     }(),
     "too many"},
    {"too large a head", "HTTP/1.1 200 OK\r\nA: " + std::string(ResponseReader::kMaxHead, 'x'),
     "too large"},
};

std::vector<std::string_view> pieces_of(size_t size, std::string_view bytes) {
  std::vector<std::string_view> pieces;
  for (size_t at = 0; at < bytes.size(); at += size) pieces.push_back(bytes.substr(at, size));
  return pieces;
}

}  // namespace

TEST_CASE("a response is read the same however it is cut") {
  for (const Row& row : kAccepted) {
    CAPTURE(row.name);
    CHECK(response_transcript(row.method, {row.bytes}) == row.says);
    CHECK(response_transcript(row.method, pieces_of(1, row.bytes)) == row.says);
    const std::string_view bytes = row.bytes;
    for (size_t at = 1; at < bytes.size(); ++at) {
      CHECK(response_transcript(row.method, {bytes.substr(0, at), bytes.substr(at)}) == row.says);
    }
  }
}

TEST_CASE("a response that could be read in two ways is refused, however it is cut") {
  for (const Row& row : kRefused) {
    CAPTURE(row.name);
    const std::string whole = response_transcript(row.method, {row.bytes});
    CHECK(whole.find("refused: ") != std::string::npos);
    CHECK(whole.find(row.says) != std::string::npos);
    CHECK(response_transcript(row.method, pieces_of(1, row.bytes)) == whole);
    CHECK(response_transcript(row.method, pieces_of(7, row.bytes)) == whole);
  }
}

TEST_CASE("what follows the head of a 101 is left alone") {
  ResponseReader reader;
  reader.expect("GET");
  const std::string_view head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n";
  const std::string bytes = std::string(head) + "raw\nbytes";
  reader.feed(bytes);
  CHECK(reader.next() == ReadEvent::kHead);
  CHECK(reader.response().status == 101);
  CHECK(reader.consumed() == head.size());
}

TEST_CASE("a reader takes one response after another") {
  ResponseReader reader;
  for (const char* method : {"GET", "HEAD", "GET"}) {
    reader.expect(method);
    CHECK_FALSE(reader.begun());
    const std::string text = std::string("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n") +
                             (method == std::string_view("HEAD") ? "" : "x");
    reader.feed(text);
    CHECK(reader.next() == ReadEvent::kHead);
    CHECK(reader.begun());
    while (reader.next() != ReadEvent::kEnd) continue;
    CHECK(reader.consumed() == text.size());
  }
}

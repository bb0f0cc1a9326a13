#include "http/http_response_reader.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "http/response_transcript.h"

using namespace std::string_literals;
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
    {"HTTP/1.2", "HTTP/1.2 204 No Content\r\n\r\n", "204 No Content keep\nend \ngoes on"},
    {"bytes beyond ASCII", "HTTP/1.1 200 \xe4\r\nX: \xff\r\nContent-Length: 0\r\n\r\n",
     "200 \xe4 keep length 0\n  X=\xff\n  Content-Length=0\nend \ngoes on"},
};

// What every proxy takes, and what is told of it.
const std::vector<Row> kMended = {
    {"bare LFs", "HTTP/1.1 200 OK\nA: b\nContent-Length: 1\n\nx",
     "200 OK keep length 1\n  A=b\n  Content-Length=1\nbody x\nend \ngoes on"},
    {"some bare LFs", "HTTP/1.1 200 OK\r\nA: b\nContent-Length: 1\r\n\nx",
     "200 OK keep length 1\n  A=b\n  Content-Length=1\nbody x\nend \ngoes on"},
    {"a bare CR", "HTTP/1.1 200 OK\r\nA: b\rc\r\r\nContent-Length: 0\r\n\r\n",
     "200 OK keep length 0\n  A=b c\n  Content-Length=0\nend \ngoes on"},
    {"control characters",
     "HTTP/1.1 200 O\x01K\r\nA: \0b\x1b[1mc\x7f\r\nContent-Length: 0\r\n\r\n"s,
     "200 O K keep length 0\n  A=b [1mc\n  Content-Length=0\nend \ngoes on"},
    {"white space before colons", "HTTP/1.1 200 OK\r\nA \t: b : c\r\nContent-Length : 0\r\n\r\n",
     "200 OK keep length 0\n  A=b : c\n  Content-Length=0\nend \ngoes on"},
    {"the same length twice",
     "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nA: b\r\ncontent-length: 1\r\n\r\nx",
     "200 OK keep length 1\n  A=b\n  Content-Length=1\nbody x\nend \ngoes on"},
    {"a list of the same length", "HTTP/1.1 200 OK\r\nContent-Length: 1 ,1, 01\r\n\r\nx",
     "200 OK keep length 1\n  Content-Length=1\nbody x\nend \ngoes on"},
    {"a tab after the length", "HTTP/1.1 200 OK\r\nContent-Length: 1\t\r\n\r\nx",
     "200 OK keep length 1\n  Content-Length=1\nbody x\nend \ngoes on"},
    {"a length beside chunked",
     "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
     "200 OK close chunked\n  Transfer-Encoding=chunked\nbody x\nend \ngoes on"},
    {"a length after chunked",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n1\r\nx\r\n0\r\n\r\n",
     "200 OK close chunked\n  Transfer-Encoding=chunked\nbody x\nend \ngoes on"},
    {"a length twice to HEAD", "HTTP/1.1 200 OK\nContent-Length: 9\nContent-Length: 9\n\n",
     "200 OK keep length 9\n  Content-Length=9\nend \ngoes on", "HEAD"},
    {"an interim response with bare LFs, then a good one",
     "HTTP/1.1 103 Early Hints\nLink: x\n\nHTTP/1.1 204 No Content\r\n\r\n",
     "103 Early Hints keep\n  Link=x\nend \n204 No Content keep\nend \ngoes on"},
};

// The same in a body, which is framed anew.
const std::vector<Row> kMendedBodies = {
    {"chunks with bare LFs",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\n2\r\nde\n0\nT : 1\x02\nU: 2\n\n",
     "200 OK keep chunked\n  Transfer-Encoding=chunked\nbody abcde\nend T: 1 \r\nU: 2\r\n\ngoes on"},
    {"white space after chunk sizes",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n2\t\n\nd\n0  \r\n\r\n",
     "200 OK keep chunked\n  Transfer-Encoding=chunked\nbody abc\nd\nend \ngoes on"},
    {"chunk extensions of any form",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1; =\"\r\nx\r\n1 ;;\r\ny\r\n0;\r\n\r\n",
     "200 OK keep chunked\n  Transfer-Encoding=chunked\nbody xy\nend \ngoes on"},
};

const std::vector<Row> kRefused = {
    {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
     "two different"},
    {"two lengths in a list", "HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\nx", "two different"},
    {"three lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\nContent-Length: 01, 3\r\n\r\n",
     "two different"},
    {"a list with a hole", "HTTP/1.1 200 OK\r\nContent-Length: 1,,1\r\n\r\nx", "Content-Length"},
    {"a length that is no number beside chunked",
     "HTTP/1.1 200 OK\r\nContent-Length: x\r\nTransfer-Encoding: chunked\r\n\r\n",
     "Content-Length"},
    {"a length and another coding",
     "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: gzip\r\n\r\nx", "coding"},
    {"another coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "coding"},
    {"chunked twice", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", "coding"},
    {"chunked in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.0"},
    {"a negative length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "Content-Length"},
    {"a folded line", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "folded"},
    {"a control character in a name",
     "HTTP/1.1 200 OK\r\nA\x01"
     "B: b\r\n\r\n",
     "name"},
    {"a space in a name", "HTTP/1.1 200 OK\r\nA B : b\r\n\r\n", "name"},
    {"white space instead of a name", "HTTP/1.1 200 OK\r\nA: b\r\n : c\r\n\r\n", "folded"},
    {"no name", "HTTP/1.1 200 OK\r\n: c\r\n\r\n", "name"},
    {"a folded line with bare LF", "HTTP/1.1 200 OK\nA: b\n\tc\n\n", "folded"},
    {"two words of chunk size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3 4\r\n",
     "chunk size"},
    {"a space before the chunk size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n 3\r\n",
     "chunk size"},
    {"a chunk that is too long", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\n",
     "after a chunk"},
    {"a bare CR after a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\rd",
     "after a chunk"},
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
       for (size_t i = 0; i <= HttpResponseReader::kMaxFields; ++i) text += "A: b\r\n";
       return text;
     }(),
     "too many"},
    {"too large a head", "HTTP/1.1 200 OK\r\nA: " + std::string(HttpResponseReader::kMaxHead, 'x'),
     "too large"},
};

std::vector<std::string_view> pieces_of(size_t size, std::string_view bytes) {
  std::vector<std::string_view> pieces;
  for (size_t at = 0; at < bytes.size(); at += size) pieces.push_back(bytes.substr(at, size));
  return pieces;
}

void check_however_cut(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    CAPTURE(std::string(row.name));
    CHECK(response_transcript(row.method, {row.bytes}) == row.says);
    CHECK(response_transcript(row.method, pieces_of(1, row.bytes)) == row.says);
    const std::string_view bytes = row.bytes;
    for (size_t at = 1; at < bytes.size(); ++at) {
      CHECK(response_transcript(row.method, {bytes.substr(0, at), bytes.substr(at)}) == row.says);
    }
  }
}

// What the first head says of itself.
std::string_view repaired(const Row& row) {
  HttpResponseReader reader;
  reader.expect(row.method);
  reader.feed(row.bytes);
  REQUIRE(reader.next() == ReadEvent::kHead);
  return reader.response().repaired;
}

}  // namespace

TEST_CASE("a response is read the same however it is cut") {
  check_however_cut(kAccepted);
  for (const Row& row : kAccepted) {
    CAPTURE(std::string(row.name));
    CHECK(repaired(row).empty());
  }
}

TEST_CASE("what every proxy takes is mended, and said, however it is cut") {
  check_however_cut(kMended);
  for (const Row& row : kMended) {
    CAPTURE(std::string(row.name));
    CHECK_FALSE(repaired(row).empty());
  }
  check_however_cut(kMendedBodies);
}

TEST_CASE("a head is as large as allowed, whatever ends its lines") {
  std::string text = "HTTP/1.1 200 OK\nA: ";
  text.append(HttpResponseReader::kMaxHead - text.size() - 5, 'x').append("\n\n");
  CHECK(response_transcript("GET", pieces_of(1000, text)).find("200 OK") == 0);
}

TEST_CASE("a response that could be read in two ways is refused, however it is cut") {
  for (const Row& row : kRefused) {
    CAPTURE(std::string(row.name));
    const std::string whole = response_transcript(row.method, {row.bytes});
    CHECK(whole.find("refused: ") != std::string::npos);
    CHECK(whole.find(row.says) != std::string::npos);
    CHECK(response_transcript(row.method, pieces_of(1, row.bytes)) == whole);
    CHECK(response_transcript(row.method, pieces_of(7, row.bytes)) == whole);
  }
}

TEST_CASE("what follows the head of a 101 is left alone") {
  HttpResponseReader reader;
  reader.expect("GET");
  const std::string_view head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n";
  const std::string bytes = std::string(head) + "raw\nbytes";
  reader.feed(bytes);
  CHECK(reader.next() == ReadEvent::kHead);
  CHECK(reader.response().status == 101);
  CHECK(reader.consumed() == head.size());
}

TEST_CASE("a reader takes one response after another") {
  HttpResponseReader reader;
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

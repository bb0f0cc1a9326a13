#include "modes/fastcgi/fastcgi_response_reader.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/modes/fastcgi/fastcgi_transcript.h"

using namespace watchdog;

namespace {

std::string record(int type, std::string_view content, size_t padding = 0, int id = 1,
                   int version = 1) {
  std::string bytes;
  for (const int value : {version, type, id >> 8, id, static_cast<int>(content.size() >> 8),
                          static_cast<int>(content.size()), static_cast<int>(padding), 0}) {
    bytes += static_cast<char>(value);
  }
  return bytes.append(content).append(padding, 'p');
}

std::string out(std::string_view content, size_t padding = 0) {
  return record(6, content, padding);
}
std::string err(std::string_view content) {
  return record(7, content);
}
std::string end(int exit_status = 0, int protocol_status = 0, size_t padding = 0) {
  std::string content(8, '\0');
  content[3] = static_cast<char>(exit_status);
  content[4] = static_cast<char>(protocol_status);
  return record(3, content, padding);
}

std::string refusal(const std::string& bytes) {
  const std::string transcript = fastcgi_transcript({bytes});
  const size_t at = transcript.find("refused: ");
  return at == std::string::npos ? transcript : transcript.substr(at + 9);
}

const std::string kHead = "Content-Type: a/b\r\n\r\n";

}  // namespace

TEST_CASE("an answer in records is the CGI answer in them") {
  const std::string whole = "200 \nContent-Type: a/b\nbody hello world\nend\n";
  for (const std::string& bytes :
       {out(kHead + "hello world") + end(), out(kHead) + out("hello ") + out("world") + end(),
        out(kHead + "hello world", 7) + out("") + end(0, 0, 255),
        out("Content-Type") + out(": a/b\n\nhello") + out(" world") + end()}) {
    CHECK(fastcgi_transcript({bytes}) == whole);
    for (size_t cut = 0; cut <= bytes.size(); ++cut) {
      CAPTURE(cut);
      CHECK(fastcgi_transcript({std::string_view(bytes).substr(0, cut),
                                std::string_view(bytes).substr(cut)}) == whole);
    }
  }
}

TEST_CASE("what goes to STDERR is for the log, not for the client") {
  CHECK(fastcgi_transcript({err("one\n") + out(kHead) + err("two\n") + out("x") + end()}) ==
        "200 \nContent-Type: a/b\nbody x\nend\nerrors one\ntwo\n\n");
}

TEST_CASE("records that are not an answer to our request are refused") {
  CHECK(refusal(record(6, "x", 0, 1, 2)).starts_with("its answer is not FastCGI"));
  CHECK(refusal("HTTP/1.1 200 OK\r\n").starts_with("its answer is not FastCGI"));
  CHECK(refusal(record(6, "x", 0, 2)).starts_with("it answers a request that it was not asked"));
  for (const int type : {0, 1, 2, 4, 5, 8, 9, 10, 11, 255}) {
    CAPTURE(type);
    CHECK(refusal(record(type, "")).starts_with("it sent a FastCGI record of type"));
  }
  CHECK(refusal(record(3, "short")).starts_with("its END_REQUEST record is malformed"));
  CHECK(refusal(end(0, 9)).starts_with("its END_REQUEST record is malformed"));
}

TEST_CASE("a request that was not taken is told from one that failed") {
  CHECK(refusal(end(0, 1)).starts_with("it takes one request at a time"));
  CHECK(refusal(end(0, 2)).starts_with("it has too much to do"));
  CHECK(refusal(end(0, 3)).starts_with("it is no FastCGI responder"));
  FastcgiResponseReader reader;
  reader.expect("GET");
  const std::string busy = end(0, 2);
  reader.feed(busy);
  CHECK(reader.next() == ReadEvent::kError);
  CHECK(reader.overloaded());
}

TEST_CASE("an answer that ends without a head, or short, is refused") {
  CHECK(refusal(end()).starts_with("it printed nothing"));
  CHECK(refusal(out("Content-Type: a/b\n") + end())
            .starts_with("it ended in the middle of its head"));
  CHECK(refusal(out("Content-Length: 9\n\nabc") + end()).starts_with("it ended 6 bytes before"));
}

TEST_CASE("a program that fails spoils its answer, unless that says so itself") {
  CHECK(refusal(out(kHead + "half") + end(1)).starts_with("its program failed: exit code 1"));
  CHECK(fastcgi_transcript({out("Status: 500\n\nsorry") + end(1)}) == "500 \nbody sorry\nend\n");
  CHECK(fastcgi_transcript({out("Content-Length: 2\n\nok") + end(1)}) ==
        "200 \nContent-Length: 2\nlength 2\nbody ok\nend\n");
}

TEST_CASE("one connection gives answer after answer") {
  FastcgiResponseReader reader;
  for (int i = 1; i <= 3; ++i) {
    std::string bytes = record(6, kHead + "x", 3, i);
    bytes += record(3, std::string(8, '\0'), 0, i);
    reader.expect("GET");
    CHECK_FALSE(reader.begun());
    reader.feed(bytes);
    CHECK(reader.next() == ReadEvent::kHead);
    CHECK(reader.next() == ReadEvent::kBody);
    CHECK(reader.next() == ReadEvent::kEnd);
    CHECK(reader.consumed() == bytes.size());
    CHECK(reader.response().keep_alive);
  }
}

TEST_CASE("a record that comes after its answer's end is no part of the next answer") {
  FastcgiResponseReader reader;
  const std::string first = out(kHead + "x") + end();
  for (const std::string& late : {out("more"), end(), record(7, "complaint")}) {
    reader = FastcgiResponseReader();
    reader.expect("GET");
    reader.feed(first);
    while (reader.next() != ReadEvent::kEnd) continue;
    reader.expect("GET");
    reader.feed(late);
    CHECK(reader.next() == ReadEvent::kError);
    CHECK(reader.problem().starts_with("it answers a request that it was not asked (1)"));
  }
}

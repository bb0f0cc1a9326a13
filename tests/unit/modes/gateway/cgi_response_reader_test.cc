#include "modes/gateway/cgi_response_reader.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/modes/gateway/cgi_transcript.h"

using namespace watchdog;

namespace {

constexpr auto kOptional = CgiResponseReader::Head::kOptional;

std::string refusal(std::string_view printed) {
  const std::string transcript = cgi_transcript({printed});
  const size_t at = transcript.find("refused: ");
  return at == std::string::npos ? "" : transcript.substr(at + 9, transcript.size() - at - 10);
}

struct Sample {
  std::string_view printed;
  std::string_view transcript;
};

const std::vector<Sample> kSamples = {
    {"Content-Type: text/plain\n\nhello", "200 \nContent-Type: text/plain\nbody hello\nend\n"},
    {"Content-Type: text/plain\r\n\r\nhello", "200 \nContent-Type: text/plain\nbody hello\nend\n"},
    {"Status: 404 Not Found\nContent-Type: a/b\n\n",
     "404 Not Found\nContent-Type: a/b\nbody \nend\n"},
    {"status:503\n\nx", "503 \nbody x\nend\n"},
    {"Location: https://example.com/\n\n", "302 \nLocation: https://example.com/\nbody \nend\n"},
    {"Location: /local?a=b\n\n", "302 \nLocation: /local?a=b\nlocal /local?a=b\nbody \nend\n"},
    {"Status: 301\nLocation: /new\n\n", "301 \nLocation: /new\nbody \nend\n"},
    {"Location: //host/path\n\n", "302 \nLocation: //host/path\nbody \nend\n"},
    {"Set-Cookie: a=1\nSet-Cookie: b=2\nContent-Type: a/b\n\n",
     "200 \nSet-Cookie: a=1\nSet-Cookie: b=2\nContent-Type: a/b\nbody \nend\n"},
    {"Content-Length: 3\n\nabcdef", "200 \nContent-Length: 3\nlength 3\nbody abc\nend\n"},
    {"Location: /local#part\n\n", "302 \nLocation: /local#part\nbody \nend\n"},
    {"Location: /account\nSet-Cookie: a=1\n\n",
     "302 \nLocation: /account\nSet-Cookie: a=1\nbody \nend\n"},
    {"Content-Type: text/html\nLocation: /account\n\nGo there",
     "302 \nContent-Type: text/html\nLocation: /account\nbody Go there\nend\n"},
    {"X-Sendfile: /b\nX-Accel-Buffering: no\nx-accel-redirect: \nX-Sendfile2: /c\n\nx",
     "200 \nX-Accel-Buffering: no\nfile X-Sendfile: /b\nbody x\nend\n"},
    {"x-accel-redirect: /a\nX-Sendfile: /b\nX-ACCEL-REDIRECT: /c\nX-Sendfile-Temporary: /d\n\n",
     "200 \nfile X-Accel-Redirect: /a\nbody \nend\n"},
    {"Location: /local\nX-LIGHTTPD-send-file: /b\n\n",
     "302 \nLocation: /local\nfile X-LIGHTTPD-send-file: /b\nbody \nend\n"},
    {"X-Accel-Redirect:\n\nx", "200 \nbody x\nend\n"},
    {"Status: 204\n\nwhat nobody may see", "204 \nbody \nend\n"},
    {"Status: 304\nETag: \"a\"\n\nbody", "304 \nETag: \"a\"\nbody \nend\n"},
};

}  // namespace

TEST_CASE("a CGI head becomes a status, fields and what follows them") {
  for (const Sample& sample : kSamples) {
    CAPTURE(sample.printed);
    CHECK(cgi_transcript({sample.printed}) == sample.transcript);
  }
}

TEST_CASE("however a CGI answer is cut into pieces, it is the same") {
  for (const Sample& sample : kSamples) {
    for (size_t cut = 0; cut <= sample.printed.size(); ++cut) {
      CAPTURE(cut);
      CHECK(cgi_transcript({sample.printed.substr(0, cut), sample.printed.substr(cut)}) ==
            sample.transcript);
    }
  }
}

TEST_CASE("a CGI answer without a head is refused, and says why") {
  CHECK(refusal("").starts_with("it printed nothing"));
  CHECK(refusal("Hello, world!\n").starts_with("it has no CGI head"));
  CHECK(refusal(" A: b\n\n").starts_with("it has no CGI head"));
  CHECK(refusal(": b\n\n").starts_with("it has no CGI head"));
  CHECK(refusal("Content-Type: text/plain\n") == "it ended in the middle of its head");
  CHECK(refusal("HTTP/1.1 200 OK\n\n").find("nph-") != std::string::npos);
}

TEST_CASE("a status that is none is refused") {
  for (const std::string_view status : {"99", "100", "600", "abc", "", "2000", "-200", "20 0"}) {
    CAPTURE(status);
    CHECK(refusal("Status: " + std::string(status) + "\n\n") ==
          "its Status is not a number from 200 to 599");
  }
}

TEST_CASE("two different lengths or statuses are refused") {
  CHECK(refusal("Content-Length: 1\nContent-Length: 2\n\nab") ==
        "its head has two different Content-Length fields");
  CHECK(refusal("Status: 200\nStatus: 404\n\n") == "its head has two different Status fields");
}

TEST_CASE("a length that is not a number is refused") {
  for (const std::string_view length :
       {"-1", "-0", "+1", "1 2", "0x10", "1,1", "9999999999999999999999", ""}) {
    CHECK(refusal("Content-Length: " + std::string(length) + "\n\n") ==
          "its Content-Length is not a number");
  }
}

TEST_CASE("a CR or a NUL within a line of a CGI head is refused") {
  CHECK_FALSE(refusal("Location: http://a/\rSet-Cookie: b=c\n\n").empty());
  CHECK_FALSE(refusal(std::string_view("X: a\0b\n\n", 9)).empty());
  CHECK_FALSE(refusal("A: b\n no\rfield\n\n").empty());
}

// What is mended, the head that comes of it, and a word of the warning.
struct Repair {
  std::string_view printed;
  std::string_view transcript;
  std::string_view warning;
};

const std::vector<Repair> kRepairs = {
    {"A: b\nno field\nC: d\n\nx", "200 \nA: b\nC: d\nbody x\nend\n", "no header field"},
    {"A: b\n: c\nX Y: c\n(Z): c\n\nx", "200 \nA: b\nbody x\nend\n", "no header field"},
    {"A: b\nno field\n goes on\n\nx", "200 \nA: b\nbody x\nend\n", "no header field"},
    {"A : b\nC\t: d\n\nx", "200 \nA: b\nC: d\nbody x\nend\n", "before a colon"},
    {"A: b\n folded\n\tagain\nC: d\n\nx", "200 \nA: b  folded \tagain\nC: d\nbody x\nend\n",
     "folded"},
    {"A: b\r\n folded\r\n\r\nx", "200 \nA: b   folded\nbody x\nend\n", "folded"},
    {"A: b\x1b[2Jc\n\nx", "200 \nA: b [2Jc\nbody x\nend\n", "control character"},
    {"Transfer-Encoding: chunked\nA: b\n\nx", "200 \nA: b\nbody x\nend\n", "Transfer-Encoding"},
    {"Content-Type: a/b\nContent-Type: a/b\n\nx", "200 \nContent-Type: a/b\nbody x\nend\n",
     "only be there once"},
    {"Content-Type: a/b\nA: b\nContent-Type: c/d\n\nx",
     "200 \nContent-Type: c/d\nA: b\nbody x\nend\n", "only be there once"},
    {"Location: http://a/\nLocation: http://b/\n\n", "302 \nLocation: http://b/\nbody \nend\n",
     "only be there once"},
    {"Content-Length: 1\nContent-Length: 1\n\nx",
     "200 \nContent-Length: 1\nlength 1\nbody x\nend\n", "only be there once"},
    {"Status: 404 Not\nStatus: 404 Found\n\nx", "404 Found\nbody x\nend\n", "only be there once"},
    {"\nx", "200 \nbody x\nend\n", "no field at all"},
};

TEST_CASE("what is not quite right in a CGI head is mended, and told once") {
  for (const Repair& repair : kRepairs) {
    CAPTURE(repair.printed);
    for (size_t cut = 0; cut <= repair.printed.size(); ++cut) {
      CHECK(cgi_transcript({repair.printed.substr(0, cut), repair.printed.substr(cut)}) ==
            repair.transcript);
    }
    CgiResponseReader reader;
    reader.expect("GET");
    reader.feed(repair.printed);
    CHECK(reader.next() == ReadEvent::kHead);
    CHECK(reader.response().repaired.find(repair.warning) != std::string_view::npos);
  }
}

TEST_CASE("a CGI head that is right needs no warning") {
  for (const Sample& sample : kSamples) {
    CgiResponseReader reader;
    reader.expect("GET");
    reader.feed(sample.printed);
    CHECK(reader.next() == ReadEvent::kHead);
    CHECK(reader.response().repaired.empty());
  }
}

TEST_CASE("a CGI head has its limits") {
  CHECK(refusal(std::string(CgiResponseReader::kMaxHead + 1, 'a')) ==
        "its head is larger than 256 KiB");
  std::string many;
  for (size_t i = 0; i <= CgiResponseReader::kMaxFields; ++i) many += "A: b\n";
  CHECK(refusal(many + "\n") == "its head has more than 1024 fields");
}

TEST_CASE("a program that ends before its Content-Length is refused") {
  CHECK(cgi_transcript({"Content-Length: 5\n\nabc"}) ==
        "200 \nContent-Length: 5\nlength 5\nbody abc\n"
        "refused: it ended 2 bytes before its Content-Length\n");
}

TEST_CASE("the answer to HEAD has a length and no body") {
  CHECK(cgi_transcript({"Content-Length: 5\n\nabc"}, CgiResponseReader::Head::kRequired, "HEAD") ==
        "200 \nContent-Length: 5\nlength 5\nbody \nend\n");
}

TEST_CASE("with an optional head, what begins otherwise is all body") {
  for (const std::string_view printed : {"hello", "Note: this\nis text\n\n", "Stat",
                                         "Statue: of liberty\n", "\n\n", "Content-Type"}) {
    CAPTURE(printed);
    const std::string expected = "200 \nheadless\nbody " + std::string(printed) + "\nend\n";
    for (size_t cut = 0; cut <= printed.size(); ++cut) {
      CHECK(cgi_transcript({printed.substr(0, cut), printed.substr(cut)}, kOptional) == expected);
    }
  }
  CHECK(cgi_transcript({""}, kOptional) == "200 \nheadless\nbody \nend\n");
}

TEST_CASE("with an optional head, one that begins as a head must be one") {
  CHECK(cgi_transcript({"status: 201\nA: b\n\nmade"}, kOptional) == "201 \nA: b\nbody made\nend\n");
  CHECK(cgi_transcript({"Location: /x\nand no end"}, kOptional).find("refused") !=
        std::string::npos);
}

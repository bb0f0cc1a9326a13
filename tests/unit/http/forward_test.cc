#include "http/forward.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "http/http_response_reader.h"
#include "http/request_reader.h"

using namespace watchdog;

namespace {

// What goes upstream for a request as a client sends it.
std::string forwarded(std::string_view message, const Hop& hop = {"", "fallback:1"},
                      const uint64_t* collected = nullptr) {
  RequestReader reader;
  reader.feed(message);
  REQUIRE(reader.next() == ReadEvent::kHead);
  std::string out;
  append_forwarded_head(out, reader.request(), hop, collected);
  return out;
}

}  // namespace

TEST_CASE("a head goes on as it came") {
  CHECK(forwarded("GET /x?y HTTP/1.1\r\nHost: a\r\nB: c\r\nb:  d \r\n\r\n") ==
        "GET /x?y HTTP/1.1\r\nHost: a\r\nB: c\r\nb: d\r\n\r\n");
}

TEST_CASE("fields about the connection stay behind, those that Connection names too") {
  CHECK(
      forwarded(
          "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, x-gone\r\nX-Gone: 1\r\n"
          "Keep-Alive: 1\r\nProxy-Connection: x\r\nTE: deflate\r\nUpgrade: h2c\r\nX: 1\r\n\r\n") ==
      "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\n");
}

TEST_CASE("Connection cannot take away what frames or routes the message") {
  CHECK(forwarded("POST / HTTP/1.1\r\nHost: a\r\nConnection: host, content-length\r\n"
                  "Content-Length: 3\r\n\r\n") ==
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n");
}

TEST_CASE("Connection cannot take away what a proxy in front of us has put in (CVE-2022-31813)") {
  const std::string fields =
      "Host: a\r\nX-Forwarded-For: 1.1.1.1\r\nx-forwarded-host: b\r\nX-Forwarded-Proto: https\r\n"
      "Forwarded: for=1.1.1.1\r\nAuthorization: x\r\nCookie: c\r\nExpect: 100-continue\r\n"
      "traceparent: t\r\ntracestate: s\r\nbaggage: b\r\n";
  CHECK(forwarded("GET / HTTP/1.1\r\n" + fields +
                  "Connection: X-Forwarded-For, X-Forwarded-Host, x-forwarded-proto, forwarded, "
                  "authorization, cookie, expect, traceparent, tracestate, baggage\r\n\r\n") ==
        "GET / HTTP/1.1\r\n" + fields + "\r\n");
}

TEST_CASE("framing is kept, or that of the collected body") {
  const std::string_view chunked =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  CHECK(forwarded(chunked) == "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  const uint64_t length = 17;
  CHECK(forwarded("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n",
                  {"", ""}, &length) == "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 17\r\n\r\n");
  CHECK(forwarded(chunked, {"", ""}, &length) ==
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 17\r\n\r\n");
}

TEST_CASE("an upgrade and trailers are asked for on this connection, too") {
  CHECK(
      forwarded("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n") ==
      "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
  CHECK(forwarded("GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n\r\n") ==
        "GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n");
  CHECK(forwarded("GET / HTTP/1.0\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n") ==
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST_CASE("the target follows the prefix; of an absolute one, its path; the asterisk stays") {
  const Hop hop{"/api", "fallback:1"};
  const auto line = [&](std::string_view message) {
    const std::string head = forwarded(message, hop);
    return head.substr(0, head.find('\r'));
  };
  CHECK(line("GET //x/../y HTTP/1.1\r\nHost: a\r\n\r\n") == "GET /api//x/../y HTTP/1.1");
  CHECK(line("GET http://a/x?y HTTP/1.1\r\nHost: a\r\n\r\n") == "GET /api/x?y HTTP/1.1");
  CHECK(line("GET http://a?y HTTP/1.1\r\nHost: a\r\n\r\n") == "GET /api/?y HTTP/1.1");
  CHECK(line("GET http://a HTTP/1.1\r\nHost: a\r\n\r\n") == "GET /api/ HTTP/1.1");
  CHECK(line("OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n") == "OPTIONS * HTTP/1.1");
  CHECK(line("OPTIONS http://a/ HTTP/1.1\r\nHost: a\r\n\r\n") == "OPTIONS /api/ HTTP/1.1");
  CHECK(line("OPTIONS http://a?x HTTP/1.1\r\nHost: a\r\n\r\n") == "OPTIONS /api/?x HTTP/1.1");
  CHECK(line("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n") == "OPTIONS * HTTP/1.1");
}

TEST_CASE("a client without a Host gets the upstream's, one with another authority that") {
  CHECK(forwarded("GET / HTTP/1.0\r\n\r\n").find("\r\nHost: fallback:1\r\n") != std::string::npos);
  CHECK(forwarded("GET http://b/ HTTP/1.0\r\n\r\n").find("\r\nHost: b\r\n") != std::string::npos);
  CHECK(forwarded("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n").find("\r\nHost: b\r\n") !=
        std::string::npos);
}

TEST_CASE("the fields of a response go on but for those about the connection") {
  HttpResponseReader reader;
  reader.expect("GET");
  reader.feed(
      "HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nConnection: x, content-length\r\nX: 1\r\nset-cookie: "
      "b\r\n"
      "Keep-Alive: 5\r\nContent-Length: 0\r\nTrailer: T\r\n\r\n");
  REQUIRE(reader.next() == ReadEvent::kHead);
  Fields fields;
  forward_fields(reader.response(), fields);
  std::string names;
  for (const Field& field : fields) names.append(field.name).append("=").append(field.value) += ' ';
  CHECK(names == "Set-Cookie=a set-cookie=b Content-Length=0 Trailer=T ");
}

TEST_CASE("trailers go on but for those that belong in a head") {
  CHECK(forwarded_trailers(
            "Sum: 1\r\nContent-Length: 9\r\nTransfer-Encoding: x\r\nhost: y\r\n"
            "X-Forwarded-For: 1.1.1.1\r\nforwarded: x\r\nAuthorization: x\r\nT: 2\r\n") ==
        "Sum: 1\r\nT: 2\r\n");
  CHECK(forwarded_trailers("").empty());
}

#pragma once

#include <string>
#include <vector>

// Raw messages and what a RequestReader makes of them. Plain tables, so that they can be put to a whole
// server as well.
namespace watchdog::corpus {

using namespace std::string_literals;

// Taken: `events` as transcript() writes them.
struct Accepted {
  std::string name;
  std::string bytes;
  std::string events;
};

// Refused with `status`; what comes before it in the same bytes does not count.
struct Refused {
  std::string name;
  std::string bytes;
  int status;
};

inline std::string times(size_t count, const std::string& text) {
  std::string all;
  for (size_t i = 0; i < count; ++i) all += text;
  return all;
}

inline std::string with_line(const std::string& line) {
  return line + "\r\nHost: a\r\n\r\n";
}
inline std::string with_target(const std::string& target) {
  return with_line("GET " + target + " HTTP/1.1");
}
inline std::string with_field(const std::string& field) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + field + "\r\n\r\n";
}
inline std::string with_host(const std::string& host) {
  return "GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
}
inline std::string post(const std::string& fields, const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n\r\n" + body;
}
inline std::string chunked(const std::string& body) {
  return post("Transfer-Encoding: chunked", body);
}

inline std::vector<Accepted> accepted() {
  const std::string chunked_head =
      "POST / HTTP/1.1 keep-alive chunked\n  Host=a\n  Transfer-Encoding=chunked\n";
  return {
      {"a plain GET", "GET /a/b?c=d HTTP/1.1\r\nHost: example.org:8080\r\nAccept: */*\r\n\r\n",
       "GET /a/b?c=d HTTP/1.1 keep-alive\n  Host=example.org:8080\n  Accept=*/*\nend\n"},
      {"HTTP/1.0 closes", "GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.0 close\nend\n"},
      {"HTTP/1.0 stays open when asked", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
       "GET / HTTP/1.0 keep-alive\n  Connection=Keep-Alive\nend\n"},
      {"HTTP/1.0 with close and keep-alive closes",
       "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
       "GET / HTTP/1.0 close\n  Connection=keep-alive, close\nend\n"},
      {"HTTP/1.1 closes when asked", with_field("Connection: x,\tClose"),
       "GET / HTTP/1.1 close\n  Host=a\n  Connection=x,\tClose\nend\n"},
      {"close in a second field", with_field("Connection: keep-alive\r\nConnection: close"),
       "GET / HTTP/1.1 close\n  Host=a\n  Connection=keep-alive\n  Connection=close\nend\n"},
      {"closed is not close", with_field("Connection: closed"),
       "GET / HTTP/1.1 keep-alive\n  Host=a\n  Connection=closed\nend\n"},
      {"a body with a length", post("Content-Length: 5", "hello"),
       "POST / HTTP/1.1 keep-alive sized 5\n  Host=a\n  Content-Length=5\nbody hello\nend\n"},
      {"a length with leading zeros", post("content-length:\t 005 ", "hello"),
       "POST / HTTP/1.1 keep-alive sized 5\n  Host=a\n  content-length=005\nbody hello\nend\n"},
      {"a body of length zero", post("Content-Length: 0", ""),
       "POST / HTTP/1.1 keep-alive\n  Host=a\n  Content-Length=0\nend\n"},
      {"a POST without a body", with_line("POST / HTTP/1.1"),
       "POST / HTTP/1.1 keep-alive\n  Host=a\nend\n"},
      {"a GET with a body", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi",
       "GET / HTTP/1.1 keep-alive sized 2\n  Host=a\n  Content-Length=2\nbody hi\nend\n"},
      {"an HTTP/1.0 body", "POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi",
       "POST / HTTP/1.0 close sized 2\n  Content-Length=2\nbody hi\nend\n"},
      {"a body with all sorts of bytes", post("Content-Length: 7", "\0\r\n\r\n\xff\n"s),
       "POST / HTTP/1.1 keep-alive sized 7\n  Host=a\n  Content-Length=7\n"
       "body \0\r\n\r\n\xff\n\nend\n"s},
      {"the largest length", post("Content-Length: 9223372036854775807", "a"),
       "POST / HTTP/1.1 keep-alive sized 9223372036854775807\n  Host=a\n"
       "  Content-Length=9223372036854775807\nbody a\n"},
      {"a chunked body", chunked("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"),
       chunked_head + "body hello world\nend\n"},
      {"an empty chunked body", chunked("0\r\n\r\n"), chunked_head + "end\n"},
      {"chunked in any case", post("transfer-ENCODING:\tChunKed ", "1\r\na\r\n0\r\n\r\n"),
       "POST / HTTP/1.1 keep-alive chunked\n  Host=a\n  transfer-ENCODING=ChunKed\nbody a\nend\n"},
      {"chunk sizes in both cases and with zeros",
       chunked("0a\r\n0123456789\r\n0000000000000000000B\r\nhello world\r\n000\r\n\r\n"),
       chunked_head + "body 0123456789hello world\nend\n"},
      {"chunk extensions", chunked("1;a\r\nx\r\n1;b=c;d=\"e ;\\\"\t\"\r\ny\r\n0;z=9\r\n\r\n"),
       chunked_head + "body xy\nend\n"},
      {"CRLF within a chunk", chunked("6\r\n\r\n0\r\n\r\r\n0\r\n\r\n"),
       chunked_head + "body \r\n0\r\n\r\nend\n"},
      {"trailers", chunked("1\r\na\r\n0\r\nX-Sum: 1\r\nX-Empty:\r\n\r\n"),
       chunked_head + "body a\nend\n"},
      {"Expect: 100-continue", post("Content-Length: 1\r\nExpect: 100-Continue", "a"),
       "POST / HTTP/1.1 keep-alive sized 1 continue\n  Host=a\n  Content-Length=1\n"
       "  Expect=100-Continue\nbody a\nend\n"},
      {"Expect without a body", with_field("Expect: 100-continue"),
       "GET / HTTP/1.1 keep-alive\n  Host=a\n  Expect=100-continue\nend\n"},
      {"Expect in HTTP/1.0",
       "POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\na",
       "POST / HTTP/1.0 close sized 1\n  Content-Length=1\n  Expect=100-continue\nbody a\nend\n"},
      {"an unknown expectation", post("Content-Length: 1\r\nExpect: gold", "a"),
       "POST / HTTP/1.1 keep-alive sized 1\n  Host=a\n  Content-Length=1\n  Expect=gold\n"
       "body a\nend\n"},
      {"a request to upgrade, and one after it",
       with_field("Connection: Upgrade\r\nUpgrade: websocket") + with_line("GET /2 HTTP/1.1"),
       "GET / HTTP/1.1 keep-alive\n  Host=a\n  Connection=Upgrade\n  Upgrade=websocket\nend\n"
       "GET /2 HTTP/1.1 keep-alive\n  Host=a\nend\n"},
      {"a request to upgrade with a body",
       post("Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2", "hi"),
       "POST / HTTP/1.1 keep-alive sized 2\n  Host=a\n  Connection=Upgrade\n  Upgrade=h2c\n"
       "  Content-Length=2\nbody hi\nend\n"},
      {"pipelined requests",
       post("Content-Length: 2", "hi") + chunked("1\r\na\r\n0\r\n\r\n") + with_target("/3"),
       "POST / HTTP/1.1 keep-alive sized 2\n  Host=a\n  Content-Length=2\nbody hi\nend\n" +
           chunked_head + "body a\nend\nGET /3 HTTP/1.1 keep-alive\n  Host=a\nend\n"},
      {"a request after one that closes", with_field("Connection: close") + with_target("/2"),
       "GET / HTTP/1.1 close\n  Host=a\n  Connection=close\nend\n"
       "GET /2 HTTP/1.1 keep-alive\n  Host=a\nend\n"},
      {"four empty lines before a request", "\r\n\r\n\r\n\r\n" + with_target("/"),
       "GET / HTTP/1.1 keep-alive\n  Host=a\nend\n"},
      {"an empty line between requests", post("Content-Length: 1", "a") + "\r\n" + with_target("/"),
       "POST / HTTP/1.1 keep-alive sized 1\n  Host=a\n  Content-Length=1\nbody a\nend\n"
       "GET / HTTP/1.1 keep-alive\n  Host=a\nend\n"},
      {"an absolute target", with_target("http://example.org:80/a?b"),
       "GET http://example.org:80/a?b HTTP/1.1 keep-alive\n  Host=example.org:80\nend\n"},
      {"an absolute target without a path", with_target("HTTPS://[::1]?b"),
       "GET HTTPS://[::1]?b HTTP/1.1 keep-alive\n  Host=[::1]\nend\n"},
      {"an absolute target without a Host", "GET http://b/ HTTP/1.0\r\n\r\n",
       "GET http://b/ HTTP/1.0 close\n  Host=b\nend\n"},
      {"HTTP/1.2", with_line("GET / HTTP/1.2"), "GET / HTTP/1.1 keep-alive\n  Host=a\nend\n"},
      {"HTTP/1.9", with_line("GET / HTTP/1.9"), "GET / HTTP/1.1 keep-alive\n  Host=a\nend\n"},
      {"white space in a chunk extension",
       chunked("1; a=b\r\nx\r\n1 ;a\r\ny\r\n1\t; \ta = \"b c\" ; d\r\nz\r\n0 ;e =f\r\n\r\n"),
       chunked_head + "body xyz\nend\n"},
      {"the asterisk of OPTIONS", with_line("OPTIONS * HTTP/1.1"),
       "OPTIONS * HTTP/1.1 keep-alive\n  Host=a\nend\n"},
      {"a target that looks odd", with_target("//../a%00%zz?x=[]{}|\\^`<>\"?/"),
       "GET //../a%00%zz?x=[]{}|\\^`<>\"?/ HTTP/1.1 keep-alive\n  Host=a\nend\n"},
      {"a value with bytes beyond ASCII", with_field("X: \xc3\xa4\x80\xff"),
       "GET / HTTP/1.1 keep-alive\n  Host=a\n  X=\xc3\xa4\x80\xff\nend\n"},
      {"white space around a value", with_field("X: \t a \t b \t "),
       "GET / HTTP/1.1 keep-alive\n  Host=a\n  X=a \t b\nend\n"},
      {"empty values", with_field("X:\r\nY: \t \r\nX:"),
       "GET / HTTP/1.1 keep-alive\n  Host=a\n  X=\n  Y=\n  X=\nend\n"},
      {"a value with colons and commas", with_field("X: a:b, \"c\": d;"),
       "GET / HTTP/1.1 keep-alive\n  Host=a\n  X=a:b, \"c\": d;\nend\n"},
      {"a name with every other token character", with_field("!#$%&'*+-.^_`|~09azAZ: x"),
       "GET / HTTP/1.1 keep-alive\n  Host=a\n  !#$%&'*+-.^_`|~09azAZ=x\nend\n"},
      {"an empty Host", with_host(""), "GET / HTTP/1.1 keep-alive\n  Host=\nend\n"},
      {"a Host that is an address", with_host("[2001:db8::1]:8080"),
       "GET / HTTP/1.1 keep-alive\n  Host=[2001:db8::1]:8080\nend\n"},
      {"a Host with an empty port", with_host("my_service.example-1:"),
       "GET / HTTP/1.1 keep-alive\n  Host=my_service.example-1:\nend\n"},
      {"names that only start like those that matter",
       with_field("Content-Length-X: a\r\nHosts: b\r\nTransfer-Encodings: c\r\nConnections: close"),
       "GET / HTTP/1.1 keep-alive\n  Host=a\n  Content-Length-X=a\n  Hosts=b\n"
       "  Transfer-Encodings=c\n  Connections=close\nend\n"},
      {"the longest target", with_target("/" + std::string(64 * 1024 - 1, 'a')),
       "GET /" + std::string(64 * 1024 - 1, 'a') + " HTTP/1.1 keep-alive\n  Host=a\nend\n"},
      {"as many fields as allowed", with_field(times(254, "X: 1\r\n") + "X: 2"),
       "GET / HTTP/1.1 keep-alive\n  Host=a\n" + times(254, "  X=1\n") + "  X=2\nend\n"},
      {"half a head", "GET / HTTP/1.1\r\nHost: a\r\n", ""},
      {"half a body", post("Content-Length: 3", "ab"),
       "POST / HTTP/1.1 keep-alive sized 3\n  Host=a\n  Content-Length=3\nbody ab\n"},
      {"a chunked body without its last chunk", chunked("2\r\nab\r\n"), chunked_head + "body ab\n"},
  };
}

inline std::vector<Refused> refused_lines() {
  return {
      {"no version", "GET /\r\n", 400},
      {"only a method", "GET\r\n", 400},
      {"no target", with_line("GET HTTP/1.1"), 400},
      {"an empty target", with_line("GET  HTTP/1.1"), 400},
      {"two spaces before the target", with_line("GET  / HTTP/1.1"), 400},
      {"two spaces after the target", with_line("GET /  HTTP/1.1"), 400},
      {"a tab before the target", with_line("GET\t/ HTTP/1.1"), 400},
      {"a tab after the target", with_line("GET /\tHTTP/1.1"), 400},
      {"a space in the target", with_target("/a b"), 400},
      {"a space at the start of the line", with_line(" GET / HTTP/1.1"), 400},
      {"a space at the end of the line", with_line("GET / HTTP/1.1 "), 400},
      {"words after the version", with_line("GET / HTTP/1.1 x"), 400},
      {"a version in lower case", with_line("GET / http/1.1"), 400},
      {"a version without a number", with_line("GET / HTTP/"), 400},
      {"a version without a dot", with_line("GET / HTTP/11"), 400},
      {"a version with a comma", with_line("GET / HTTP/1,1"), 400},
      {"a version with two digits", with_line("GET / HTTP/1.10"), 400},
      {"a version with a leading zero", with_line("GET / HTTP/01.1"), 400},
      {"a version with a sign", with_line("GET / HTTP/1.-1"), 400},
      {"the version of another protocol", with_line("GET / RTSP/1.0"), 400},
      {"HTTP/0.9", with_line("GET / HTTP/0.9"), 505},
      {"HTTP/2.0", with_line("GET / HTTP/2.0"), 505},
      {"HTTP/3.0", with_line("GET / HTTP/3.0"), 505},
      {"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"PRI in HTTP/1.1", with_line("PRI * HTTP/1.1"), 501},
      {"an unknown method", with_line("BREW / HTTP/1.1"), 501},
      {"a method that only some parsers know", with_line("QUERY / HTTP/1.1"), 501},
      {"a method of RTSP", with_line("DESCRIBE / HTTP/1.1"), 501},
      {"a method in lower case", with_line("get / HTTP/1.1"), 501},
      {"a method that starts like another", with_line("GETS / HTTP/1.1"), 501},
      {"CONNECT", with_line("CONNECT a:443 HTTP/1.1"), 501},
      {"CONNECT with a path", with_line("CONNECT / HTTP/1.1"), 501},
      {"a separator in the method", with_line("G@T / HTTP/1.1"), 400},
      {"a letter beyond ASCII in the method", with_line("G\xc3\x8bT / HTTP/1.1"), 400},
      {"a NUL in the method", with_line("G\0T / HTTP/1.1"s), 400},
      {"no method", with_line("/ HTTP/1.1"), 400},
      {"a status line", "HTTP/1.1 200 OK\r\n\r\n", 400},
      {"a NUL in the target", with_target("/a\0b"s), 400},
      {"a control character in the target", with_target("/a\x01"), 400},
      {"an escape in the target", with_target("/\x1b[31m"), 400},
      {"a DEL in the target", with_target("/a\x7f"), 400},
      {"a byte beyond ASCII in the target", with_target("/\xc3\xa4"), 400},
      {"a fragment in the target", with_target("/a#b"), 400},
      {"a relative target", with_target("a/b"), 400},
      {"only a query", with_target("?a"), 400},
      {"an asterisk for GET", with_target("*"), 400},
      {"an asterisk and more", with_line("OPTIONS *a HTTP/1.1"), 400},
      {"an authority as the target", with_target("example.org:80"), 400},
      {"another scheme", with_target("ftp://a/"), 400},
      {"an absolute target without a host", with_target("http:///a"), 400},
      {"an absolute target with only a port", with_target("http://:80/a"), 400},
      {"an absolute target with a user", with_target("http://user@a/"), 400},
      {"a scheme without slashes", with_target("http:a"), 400},
      {"a bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
      {"bare LFs everywhere", "GET / HTTP/1.1\nHost: a\n\n", 400},
      {"a bare LF in the target", "GET /\n HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"a bare CR after the request line", "GET / HTTP/1.1\rHost: a\r\n\r\n", 400},
      {"a bare CR in the target", with_target("/a\rb"), 400},
      {"two CRs before the LF", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", 400},
      {"a bare LF before the request", "\n" + with_target("/"), 400},
      {"a bare CR before the request", "\r" + with_target("/"), 400},
      {"five empty lines before a request", "\r\n\r\n\r\n\r\n\r\n" + with_target("/"), 400},
      {"a greeting of TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s, 400},
      {"a greeting of SSH", "SSH-2.0-OpenSSH_9.2\r\n", 400},
      {"zeros", std::string(64, '\0'), 400},
      {"a target that is too long", with_target("/" + std::string(64 * 1024, 'a')), 414},
      {"a control character before the end of a target that is too long",
       with_target("/\x01" + std::string(64 * 1024, 'a')), 400},
      {"a control character after the end of a target that is too long",
       with_target("/" + std::string(66'000, 'a') + "\x01"), 414},
      {"a request line without an end", "GET /" + std::string(80'000, 'a'), 414},
      {"a method without an end", std::string(80'000, 'A'), 414},
  };
}

inline std::vector<Refused> refused_fields() {
  return {
      {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"no Host but other fields", "GET / HTTP/1.1\r\nX: 1\r\n\r\n", 400},
      {"two Hosts", with_field("Host: b"), 400},
      {"two equal Hosts", with_field("host: a"), 400},
      {"two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"a space in Host", with_host("a b"), 400},
      {"a slash in Host", with_host("a/b"), 400},
      {"a user in Host", with_host("u@a"), 400},
      {"a list in Host", with_host("a:1,b:2"), 400},
      {"a port in Host that is no number", with_host("a:http"), 400},
      {"two ports in Host", with_host("a:1:2"), 400},
      {"an open bracket in Host", with_host("[::1"), 400},
      {"text after the bracket in Host", with_host("[::1]a"), 400},
      {"a question mark in Host", with_host("a?b"), 400},
      {"a quote in Host", with_host("a\"b"), 400},
      {"a byte beyond ASCII in Host", with_host("\xc3\xa4"), 400},
      {"a malformed Host in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a b\r\n\r\n", 400},
      {"a space before the colon", with_field("X : 1"), 400},
      {"a tab before the colon", with_field("X\t: 1"), 400},
      {"a space in the name", with_field("X Y: 1"), 400},
      {"an empty name", with_field(": 1"), 400},
      {"no colon", with_field("nonsense"), 400},
      {"a second request line", with_field("GET / HTTP/1.1"), 400},
      {"a NUL in the name", with_field("X\0: 1"s), 400},
      {"a separator in the name", with_field("X(Y): 1"), 400},
      {"a byte beyond ASCII in the name", with_field("X\xc3\xa4: 1"), 400},
      {"a NUL in the value", with_field("X: 1\0002"s), 400},
      {"a control character in the value", with_field("X: \x01"), 400},
      {"a backspace in the value", with_field("X: 1\b"), 400},
      {"an escape in the value", with_field("X: \x1b[31m"), 400},
      {"a DEL in the value", with_field("X: \x7f"), 400},
      {"a bare CR in the value", with_field("X: 1\r2"), 400},
      {"a bare CR at the start of the value", with_field("X:\rY: 1"), 400},
      {"a bare CR before the CRLF", with_field("X: 1\r"), 400},
      {"a bare LF after a field", with_field("X: 1\nY: 2"), 400},
      {"a bare LF at the end of the head", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
      {"a bare LF instead of both CRLFs", "GET / HTTP/1.1\r\nHost: a\n\n", 400},
      {"a bare CR at the end of the head", "GET / HTTP/1.1\r\nHost: a\r\n\rX", 400},
      {"a fold with a space", with_field("X: 1\r\n 2"), 400},
      {"a fold with a tab", with_field("X: 1\r\n\t2"), 400},
      {"a fold before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
      {"a fold of white space alone", with_field("X: 1\r\n "), 400},
      {"a field that is too long", with_field("X: " + std::string(256 * 1024, 'a')), 431},
      {"a bare CR before the end of a field that is too long",
       with_field("X: \r" + std::string(256 * 1024, 'a')), 400},
      {"a name without an end", "GET / HTTP/1.1\r\n" + std::string(300'000, 'a'), 431},
      {"a value without an end", "GET / HTTP/1.1\r\nX: " + std::string(300'000, 'a'), 431},
      {"too many fields", with_field(times(256, "X: 1\r\n") + "X: 2"), 431},
      {"fields without an end", "GET / HTTP/1.1\r\n" + times(300, "X: 1\r\n"), 431},
      {"large fields without an end",
       "GET / HTTP/1.1\r\n" + times(100, "X: " + std::string(4000, 'a') + "\r\n"), 431},
  };
}

inline std::vector<Refused> refused_framing() {
  return {
      {"a length and chunked", post("Content-Length: 3\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
       400},
      {"chunked and a length", post("Transfer-Encoding: chunked\r\nContent-Length: 3", "0\r\n\r\n"),
       400},
      {"a length and an unknown coding",
       post("Content-Length: 3\r\nTransfer-Encoding: gzip", "abc"), 400},
      {"a length of zero and chunked",
       post("Content-Length: 0\r\nTransfer-Encoding: chunked", "0\r\n\r\n"), 400},
      {"two different lengths", post("Content-Length: 3\r\nContent-Length: 4", "abcd"), 400},
      {"two equal lengths", post("Content-Length: 3\r\nContent-Length: 3", "abc"), 400},
      {"a list of different lengths", post("Content-Length: 3, 4", "abcd"), 400},
      {"a list of equal lengths", post("Content-Length: 3, 3", "abc"), 400},
      {"an empty length", post("Content-Length:", ""), 400},
      {"an empty length after another", post("Content-Length: 1\r\nContent-Length: ", "a"), 400},
      {"a negative length", post("Content-Length: -3", "abc"), 400},
      {"a length with a plus", post("Content-Length: +3", "abc"), 400},
      {"a length in hex", post("Content-Length: 0x3", "abc"), 400},
      {"a length with a letter", post("Content-Length: 3a", "abc"), 400},
      {"a length with a space", post("Content-Length: 3 3", "abc"), 400},
      {"a length with a fraction", post("Content-Length: 3.0", "abc"), 400},
      {"a length with an underscore", post("Content-Length: 1_0", "0123456789"), 400},
      {"a tab after the length", post("Content-Length: 3\t ", "abc"), 400},
      {"a quoted length", post("Content-Length: \"3\"", "abc"), 400},
      {"a space before the colon of the length", post("Content-Length : 3", "abc"), 400},
      {"a length of 64 bits", post("Content-Length: 9223372036854775808", ""), 400},
      {"a length of 65 bits", post("Content-Length: 18446744073709551619", "abc"), 400},
      {"a length of a hundred digits", post("Content-Length: " + std::string(100, '9'), ""), 400},
      {"an empty coding", post("Transfer-Encoding:", ""), 400},
      {"a coding of white space", post("Transfer-Encoding: \t ", ""), 400},
      {"an unknown coding", post("Transfer-Encoding: gzip", "abc"), 501},
      {"identity", post("Transfer-Encoding: identity", "abc"), 501},
      {"almost chunked", post("Transfer-Encoding: xchunked", "0\r\n\r\n"), 501},
      {"more than chunked", post("Transfer-Encoding: chunkedx", "0\r\n\r\n"), 501},
      {"gzip before chunked", post("Transfer-Encoding: gzip, chunked", "0\r\n\r\n"), 501},
      {"identity before chunked", post("Transfer-Encoding: identity,chunked", "0\r\n\r\n"), 501},
      {"gzip before chunked in two fields",
       post("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", "0\r\n\r\n"), 501},
      {"chunked before gzip", post("Transfer-Encoding: chunked, gzip", "0\r\n\r\n"), 400},
      {"chunked before identity in two fields",
       post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "0\r\n\r\n"), 400},
      {"chunked twice", post("Transfer-Encoding: chunked, chunked", "0\r\n\r\n"), 400},
      {"chunked in two fields",
       post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n"), 400},
      {"an empty coding before chunked", post("Transfer-Encoding: ,chunked", "0\r\n\r\n"), 400},
      {"an empty coding after chunked", post("Transfer-Encoding: chunked,", "0\r\n\r\n"), 400},
      {"chunked with a parameter", post("Transfer-Encoding: chunked;a=b", "0\r\n\r\n"), 400},
      {"chunked in quotes", post("Transfer-Encoding: \"chunked\"", "0\r\n\r\n"), 400},
      {"chunked and a word", post("Transfer-Encoding: chunked x", "0\r\n\r\n"), 400},
      {"a vertical tab before chunked",
       post("Transfer-Encoding: \x0b"
            "chunked",
            "0\r\n\r\n"),
       400},
      {"a space before the colon of the coding", post("Transfer-Encoding : chunked", "0\r\n\r\n"),
       400},
      {"chunked on a folded line", post("Transfer-Encoding:\r\n chunked", "0\r\n\r\n"), 400},
      {"chunked in HTTP/1.0",
       "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"an unknown coding in HTTP/1.0",
       "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 400},
  };
}

// Wrong only after a good head.
inline std::vector<Refused> refused_bodies() {
  return {
      {"no chunk size", chunked("\r\nabc\r\n0\r\n\r\n"), 400},
      {"a chunk size that is no number", chunked("xyz\r\n"), 400},
      {"a chunk size that ends in a letter", chunked("3g\r\nabc\r\n0\r\n\r\n"), 400},
      {"a negative chunk size", chunked("-1\r\nabc\r\n"), 400},
      {"a chunk size with a plus", chunked("+3\r\nabc\r\n0\r\n\r\n"), 400},
      {"a chunk size with 0x", chunked("0x3\r\nabc\r\n0\r\n\r\n"), 400},
      {"a space before the chunk size", chunked(" 3\r\nabc\r\n0\r\n\r\n"), 400},
      {"a space after the chunk size", chunked("3 \r\nabc\r\n0\r\n\r\n"), 400},
      {"a tab after the chunk size", chunked("3\t\r\nabc\r\n0\r\n\r\n"), 400},
      {"a space after the last chunk's size", chunked("0 \r\n\r\n"), 400},
      {"a chunk size of 64 bits", chunked("8000000000000000\r\nabc"), 400},
      {"a chunk size of 65 bits", chunked("10000000000000003\r\nabc\r\n0\r\n\r\n"), 400},
      {"a chunk size of a hundred digits", chunked(std::string(100, 'f') + "\r\nabc"), 400},
      {"a bare LF after the chunk size", chunked("3\nabc\r\n0\r\n\r\n"), 400},
      {"a bare CR after the chunk size", chunked("3\rabc\r\n0\r\n\r\n"), 400},
      {"two CRs after the chunk size", chunked("3\r\r\nabc\r\n0\r\n\r\n"), 400},
      {"a NUL after the chunk size", chunked("3\0\r\nabc\r\n0\r\n\r\n"s), 400},
      {"a chunk that is longer than its size", chunked("3\r\nabcd\r\n0\r\n\r\n"), 400},
      {"a chunk that is shorter than its size", chunked("4\r\nabc\r\n0\r\n\r\n"), 400},
      {"a bare LF after a chunk", chunked("3\r\nabc\n0\r\n\r\n"), 400},
      {"a bare CR after a chunk", chunked("3\r\nabc\r0\r\n\r\n"), 400},
      {"nothing after a chunk", chunked("3\r\nabc0\r\n\r\n"), 400},
      {"an empty chunk extension", chunked("3;\r\nabc\r\n0\r\n\r\n"), 400},
      {"an empty value of a chunk extension", chunked("3;a=\r\nabc\r\n0\r\n\r\n"), 400},
      {"a space after a chunk extension's value", chunked("3;a=b \r\nabc\r\n0\r\n\r\n"), 400},
      {"white space without a chunk extension", chunked("3; \r\nabc\r\n0\r\n\r\n"), 400},
      {"two words in a chunk extension", chunked("3;a b\r\nabc\r\n0\r\n\r\n"), 400},
      {"white space instead of the value of a chunk extension",
       chunked("3;a= \r\nabc\r\n0\r\n\r\n"), 400},
      {"a space after a chunk extension", chunked("3;a \r\nabc\r\n0\r\n\r\n"), 400},
      {"an open quote in a chunk extension", chunked("3;a=\"b\r\nabc\r\n0\r\n\r\n"), 400},
      {"text after a quote in a chunk extension", chunked("3;a=\"b\"c\r\nabc\r\n0\r\n\r\n"), 400},
      {"a backslash at the end of a chunk extension", chunked("3;a=\"\\\r\nabc\r\n0\r\n\r\n"), 400},
      {"a NUL in a chunk extension", chunked("3;a=\0\r\nabc\r\n0\r\n\r\n"s), 400},
      {"a control character in a chunk extension", chunked("3;a=\"\x01\"\r\nabc\r\n"), 400},
      {"a bare CR in a chunk extension", chunked("3;a=\rb\r\nabc\r\n0\r\n\r\n"), 400},
      {"a bare LF in a chunk extension", chunked("3;a\nabc\r\n0\r\n\r\n"), 400},
      {"a chunk extension that is too long",
       chunked("3;a=" + std::string(5000, 'a') + "\r\nabc\r\n0\r\n\r\n"), 400},
      {"a chunk extension without an end", chunked("3;" + std::string(5000, 'a')), 400},
      {"a chunk size without an end", chunked(std::string(5000, '0')), 400},
      {"a space before the colon in a trailer", chunked("0\r\nX : 1\r\n\r\n"), 400},
      {"no colon in a trailer", chunked("0\r\nabc\r\n\r\n"), 400},
      {"an empty name in a trailer", chunked("0\r\n: 1\r\n\r\n"), 400},
      {"a folded trailer", chunked("0\r\nX: 1\r\n 2\r\n\r\n"), 400},
      {"a fold before the first trailer", chunked("0\r\n X: 1\r\n\r\n"), 400},
      {"a bare LF in a trailer", chunked("0\r\nX: 1\nY: 2\r\n\r\n"), 400},
      {"a bare CR in a trailer", chunked("0\r\nX: 1\rY: 2\r\n\r\n"), 400},
      {"a NUL in a trailer", chunked("0\r\nX: \0\r\n\r\n"s), 400},
      {"a bare LF at the end of a chunked body", chunked("0\r\n\n"), 400},
      {"a bare CR at the end of a chunked body", chunked("0\r\n\rG"), 400},
      {"a request instead of the end of a chunked body", chunked("0\r\n" + with_target("/")), 400},
      {"trailers without an end", chunked("0\r\n" + times(4000, "X: 1\r\n")), 431},
      {"a trailer without an end", chunked("0\r\nX: " + std::string(20'000, 'a')), 431},
      {"a good request, then a bad one", with_target("/") + "\0"s, 400},
      {"more than the length, as the next request", post("Content-Length: 2", "abc\r\n\r\n"), 400},
  };
}

inline std::vector<Refused> refused() {
  std::vector<Refused> all = refused_lines();
  for (const auto& more : {refused_fields(), refused_framing(), refused_bodies()}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

}  // namespace watchdog::corpus

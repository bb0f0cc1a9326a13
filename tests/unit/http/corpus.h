#pragma once

#include <string>
#include <vector>

namespace watchdog {

// Requests that must be refused, and with what; the same on every version of llhttp.
struct Malformed {
  std::string name;
  std::string bytes;
  int status = 400;
};

inline const std::vector<Malformed>& malformed_requests() {
  using std::string;
  const string host = "Host: a\r\n";
  const auto line = [&](const string& text) { return text + "\r\n" + host + "\r\n"; };
  const auto field = [&](const string& text) {
    return "GET / HTTP/1.1\r\n" + host + text + "\r\n\r\n";
  };
  const auto chunks = [&](const string& text) {
    return "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n" + text;
  };
  const string nul(1, '\0');
  static const std::vector<Malformed> all = {
      {"no version", "GET /\r\n\r\n"},
      {"no target", line("GET HTTP/1.1")},
      {"empty target", line("GET  HTTP/1.1")},
      {"two spaces before the target", line("GET  / HTTP/1.1")},
      {"two spaces after the target", line("GET /  HTTP/1.1")},
      {"tab before the target", line("GET\t/ HTTP/1.1")},
      {"space in the target", line("GET /a b HTTP/1.1")},
      {"space after the version", line("GET / HTTP/1.1 ")},
      {"space before the method", line(" GET / HTTP/1.1")},
      {"NUL in the target", line("GET /" + nul + " HTTP/1.1")},
      {"control character in the target", line("GET /\x01 HTTP/1.1")},
      {"DEL in the target", line("GET /\x7f HTTP/1.1")},
      {"raw UTF-8 in the target", line("GET /\xc3\xa4 HTTP/1.1")},
      {"fragment", line("GET /a#b HTTP/1.1")},
      {"relative target", line("GET a HTTP/1.1")},
      {"asterisk for GET", line("GET * HTTP/1.1")},
      {"other scheme", line("GET ftp://a/ HTTP/1.1")},
      {"bare CR in the target", line("GET /a\rb HTTP/1.1")},
      {"method with a separator", line("G@T / HTTP/1.1")},
      {"unknown method", line("FETCH / HTTP/1.1"), 501},
      {"method in lower case", line("get / HTTP/1.1"), 501},
      {"method of newer llhttps only", line("QUERY / HTTP/1.1"), 501},
      {"CONNECT", line("CONNECT a:80 HTTP/1.1"), 501},
      {"version in lower case", line("GET / http/1.1")},
      {"version without a dot", line("GET / HTTP/11")},
      {"version with two digits", line("GET / HTTP/1.10")},
      {"another protocol", line("GET / RTSP/1.0")},
      {"HTTP/0.9", line("GET / HTTP/0.9"), 505},
      {"HTTP/1.2", line("GET / HTTP/1.2"), 505},
      {"HTTP/2.0", line("GET / HTTP/2.0"), 505},
      {"the HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"LF after the request line", "GET / HTTP/1.1\n" + host + "\r\n"},
      {"LF after a field", "GET / HTTP/1.1\r\nHost: a\n\r\n"},
      {"LF at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n"},
      {"CR after the request line", "GET / HTTP/1.1\rHost: a\r\n\r\n"},
      {"CR CR LF", "GET / HTTP/1.1\r\r\n" + host + "\r\n"},
      {"five empty lines first", "\r\n\r\n\r\n\r\n\r\n" + line("GET / HTTP/1.1")},
      {"a TLS hello", "\x16\x03\x01\x02" + nul},
      {"no Host", "GET / HTTP/1.1\r\n\r\n"},
      {"two Hosts", field("Host: b")},
      {"two equal Hosts", field("Host: a")},
      {"Host with a slash", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
      {"Host with a space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
      {"Host with a user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"},
      {"two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"},
      {"folded line", field("A: b\r\n c")},
      {"folded with a tab", field("A: b\r\n\tc")},
      {"first field folded", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"},
      {"space before the colon", field("A : b")},
      {"tab before the colon", field("A\t: b")},
      {"empty name", field(": b")},
      {"no colon", field("A")},
      {"separator in a name", field("A(b: c")},
      {"obs-text in a name", field("\xe4: c")},
      {"NUL in a name", field("A" + nul + ": b")},
      {"NUL in a value", field("A: b" + nul + "c")},
      {"control character in a value", field("A: b\x02")},
      {"DEL in a value", field("A: b\x7f")},
      {"bare CR in a value", field("A: b\rc")},
      {"Content-Length with Transfer-Encoding",
       field("Content-Length: 3\r\nTransfer-Encoding: chunked")},
      {"Transfer-Encoding with Content-Length",
       field("Transfer-Encoding: chunked\r\nContent-Length: 3")},
      {"two lengths", field("Content-Length: 3\r\nContent-Length: 4")},
      {"two equal lengths", field("Content-Length: 3\r\nContent-Length: 3")},
      {"list of lengths", field("Content-Length: 3, 3")},
      {"negative length", field("Content-Length: -1")},
      {"length with a plus", field("Content-Length: +1")},
      {"hexadecimal length", field("Content-Length: 0x3")},
      {"length with a space", field("Content-Length: 1 1")},
      {"empty length", field("Content-Length:")},
      {"length over 2^63", field("Content-Length: 9999999999999999999")},
      {"length over 2^64", field("Content-Length: 99999999999999999999999")},
      {"empty coding", field("Transfer-Encoding:")},
      {"gzip, chunked", field("Transfer-Encoding: gzip, chunked"), 501},
      {"identity, chunked", field("Transfer-Encoding: identity, chunked"), 501},
      {"gzip alone", field("Transfer-Encoding: gzip"), 501},
      {"identity alone", field("Transfer-Encoding: identity"), 501},
      {"chunked not last", field("Transfer-Encoding: chunked, gzip")},
      {"chunked twice", field("Transfer-Encoding: chunked, chunked")},
      {"two coding fields", field("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked")},
      {"coding with a parameter", field("Transfer-Encoding: chunked;q=1")},
      {"quoted coding", field("Transfer-Encoding: \"chunked\"")},
      {"coding with a vertical tab", field("Transfer-Encoding: \x0b"
                                           "chunked")},
      {"coding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {"chunk size without digits", chunks("\r\n")},
      {"chunk size with 0x", chunks("0x3\r\nabc\r\n")},
      {"negative chunk size", chunks("-1\r\n")},
      {"chunk size with a space before", chunks(" 3\r\n")},
      {"chunk size with a space after", chunks("3 \r\n")},
      {"chunk size too large", chunks("ffffffffffffffff1\r\n")},
      {"chunk size of 2^64 and one", chunks("10000000000000001\r\n")},
      {"chunk line with LF", chunks("3\nabc")},
      {"NUL in a chunk extension", chunks("3;a=" + nul + "\r\n")},
      {"bare CR in a chunk extension", chunks("3;a=\rb\r\n")},
      {"chunk longer than its size", chunks("3\r\nabcd\r\n")},
      {"chunk shorter than its size", chunks("3\r\nab\r\n0\r\n")},
      {"LF after a chunk", chunks("3\r\nabc\n")},
      {"chunk line without end", chunks("3;" + string(5000, 'a'))},
      {"folded trailer", chunks("0\r\nA: b\r\n c\r\n\r\n")},
      {"trailer without a colon", chunks("0\r\nA\r\n\r\n")},
      {"trailer with LF", chunks("0\r\nA: b\n\r\n")},
      {"trailers without end", chunks("0\r\nA: " + string(20000, 'b')), 431},
      {"target too long", line("GET /" + string(70000, 'a') + " HTTP/1.1"), 414},
      {"target without end", "GET /" + string(70000, 'a'), 414},
      {"field too long", field("A: " + string(300000, 'b')), 431},
      {"too many fields",
       [&] {
         string fields;
         for (int i = 0; i < 300; ++i) fields += "A: b\r\n";
         return field(fields + "B: c");
       }(),
       431},
  };
  return all;
}

}  // namespace watchdog

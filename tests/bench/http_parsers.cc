#include <array>
#include <cstdio>
#include <cstdlib>

#include "base/address_set.h"
#include "http/forward.h"
#include "http/forwarded.h"
#include "http/http_response_reader.h"
#include "http/request_reader.h"
#include "modes/fork/function_environment.h"
#include "modes/gateway/cgi_variables.h"
#include "parser_cost.h"

namespace bench {

namespace {

using namespace watchdog;

constexpr size_t kKiB = 1024;

std::string times(size_t bytes, std::string_view one) {
  std::string text;
  while (text.size() + one.size() <= bytes) text += one;
  return text;
}

std::string request(const std::string& fields) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}

// 250 fields whose names differ in their last bytes only: what is compared by name costs most.
std::string long_names(size_t bytes) {
  std::string fields;
  for (size_t i = 0; i < 250; ++i) {
    std::array<char, 8> number;
    std::snprintf(number.data(), number.size(), "%03zu", i);
    fields.append(bytes / 250, 'x').append(number.data()).append(": 1\r\n");
  }
  return fields;
}

// As many options as are read, and 250 fields to look for them in.
std::string connection(size_t bytes) {
  std::string options;
  for (size_t i = 0; i < 31; ++i) options.append("x").append(std::to_string(i)).append(",");
  return request("Connection: " + options + "close\r\n" + long_names(bytes));
}

// Everything that is done with a request on its way to a function's server.
void pass_on(const std::string& message) {
  RequestReader reader;
  reader.feed(message);
  for (auto event = reader.next(); event != ReadEvent::kNeedMore && event != ReadEvent::kError;
       event = reader.next()) {
    if (event != ReadEvent::kHead) continue;
    settle_forwarded_fields(reader.request(), "192.0.2.1", true);
    std::string out;
    append_forwarded_head(out, reader.request(), {"", "a"});
    if (out.empty()) std::abort();
  }
}

struct Nowhere final : VariableSink {
  void add(std::string_view name, std::string_view value) override {
    size += name.size() + value.size();
  }
  size_t size = 0;
};

// The same on its way to a program, as variables in both dialects.
void tell(const std::string& message) {
  static const AddressSet trusted = *AddressSet::parse("all");
  RequestReader reader;
  reader.feed(message);
  if (reader.next() != ReadEvent::kHead) return;
  RequestHead& head = reader.request();
  settle_forwarded_fields(head, "192.0.2.1", true);
  const IpAddress client = client_address(head.fields, *IpAddress::parse("192.0.2.1"), trusted);
  Nowhere sink;
  const Script script{"/index.php", "/srv/index.php", ""};
  const PeerAddress peer;
  const CgiRequest cgi{.request = head,
                       .script = script,
                       .peer = peer,
                       .client = client,
                       .document_root = "/srv",
                       .prefix = ""};
  add_cgi_variables(sink, cgi);
  FunctionEnvironment environment(FunctionEnvironment::Lengths::kWithBody, true);
  if (!environment.build(head, {}, &cgi) || sink.size == 0) std::abort();
}

void byte_by_byte(const std::string& message) {
  RequestReader reader;
  for (const char& c : message) {
    reader.feed({&c, 1});
    while (reader.next() != ReadEvent::kNeedMore) continue;
  }
}

void answer(const std::string& message) {
  HttpResponseReader reader;
  reader.expect("GET");
  reader.feed(message);
  Fields passed_on;
  for (auto event = reader.next(); event != ReadEvent::kNeedMore && event != ReadEvent::kError;
       event = reader.next()) {
    if (event == ReadEvent::kHead) forward_fields(reader.response(), passed_on);
    if (event == ReadEvent::kEnd) break;
  }
}

Parser passing_on(std::string_view what, std::function<std::string(size_t)> make) {
  return {"request, passed on", what, std::move(make), pass_on, 240 * kKiB};
}

Parser telling(std::string_view what, std::function<std::string(size_t)> make) {
  return {"request, as variables", what, std::move(make), tell, 240 * kKiB};
}

std::string chunked(size_t bytes, std::string_view chunk) {
  return "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + times(bytes, chunk) +
         "0\r\n\r\n";
}

}  // namespace

std::vector<Parser> http_parsers() {
  const auto field = [](std::string_view name, std::string_view one) {
    return [=](size_t n) { return request(std::string(name) + ": " + times(n, one) + "\r\n"); };
  };
  return {
      passing_on("a value", field("X", "x")),
      passing_on(
          "the target",
          [](size_t n) { return "GET /" + times(n / 4, "/") + " HTTP/1.1\r\nHost: a\r\n\r\n"; }),
      passing_on("250 names", [](size_t n) { return request(long_names(n)); }),
      passing_on("Connection, refused", field("Connection", "x,")),
      passing_on("Connection, empty options", field("Connection", ",")),
      passing_on("Connection, 32 options, 250 names", connection),
      passing_on("TE", field("TE", "x,")),
      passing_on("Expect", field("Expect", "x,")),
      passing_on("Transfer-Encoding", field("Transfer-Encoding", "x,")),
      passing_on("X-Forwarded-For", field("X-Forwarded-For", "1.1.1.1,")),
      passing_on("Forwarded", field("Forwarded", "for=1.1.1.1,")),
      passing_on(
          "Forwarded, escapes",
          [](size_t n) { return request("Forwarded: for=\"" + times(n, "\\\"") + "\"\r\n"); }),
      telling("250 names", [](size_t n) { return request(long_names(n)); }),
      telling("one name 250 times",
              [](size_t n) { return request(times(n, std::string(n / 255, 'x') + ": 1\r\n")); }),
      telling("X-Forwarded-For", field("X-Forwarded-For", "1.1.1.1,")),
      telling("Forwarded", field("Forwarded", "for=1.1.1.1,")),
      telling(
          "the path",
          [](size_t n) { return "GET /" + times(n / 4, "%41") + " HTTP/1.1\r\nHost: a\r\n\r\n"; }),
      {"request, byte by byte", "a value", field("X", "x"), byte_by_byte, 240 * kKiB},
      {"request, byte by byte", "250 names", [](size_t n) { return request(long_names(n)); },
       byte_by_byte, 240 * kKiB},
      {"body", "chunks of one byte", [](size_t n) { return chunked(n, "1\r\nx\r\n"); }, pass_on,
       1024 * kKiB},
      {"body", "chunk extensions",
       [](size_t n) { return chunked(n, "1;" + times(4000, "a= \"b\\\"\" ;") + "c\r\nx\r\n"); },
       pass_on, 1024 * kKiB},
      {"body", "trailers",
       [](size_t n) {
         const std::string body = chunked(0, "x");
         return body.substr(0, body.size() - 2) + times(n, "X: 1\r\n") + "\r\n";
       },
       pass_on, 15 * kKiB},
      {"answer", "1000 fields with bare LF",
       [](size_t n) {
         std::string head = "HTTP/1.1 200 OK\n";
         for (size_t i = 0; i < 1000; ++i) head.append("X: ").append(n / 1000, 'x').append("\n");
         return head + "\n";
       },
       answer, 240 * kKiB},
      {"answer", "lengths",
       [](size_t n) {
         return "HTTP/1.1 200 OK\r\nContent-Length: " + times(n, "1,") + "1\r\n\r\nx";
       },
       answer, 240 * kKiB},
      {"answer", "white space before a colon",
       [](size_t n) { return "HTTP/1.1 200 OK\r\nX" + times(n, " ") + ": 1\r\n\r\n"; }, answer,
       240 * kKiB},
      {"answer", "control characters",
       [](size_t n) { return "HTTP/1.1 200 OK\r\nX: " + times(n, "\x01") + "\r\n\r\n"; }, answer,
       240 * kKiB},
      {"answer", "Connection, refused",
       [](size_t n) { return "HTTP/1.1 200 OK\r\nConnection: " + times(n, "x,") + "\r\n\r\n"; },
       answer, 240 * kKiB},
  };
}

}  // namespace bench

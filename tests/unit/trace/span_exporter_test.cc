#include "trace/span_exporter.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <ctime>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>

#include "fake_clock.h"
#include "http/date.h"
#include "net/listener.h"

using namespace watchdog;
using namespace std::chrono_literals;

namespace {

constexpr Duration kTimeout = 10s;
constexpr Duration kDelay = 5s;

// The collector is this test, and time passes when it says so.
struct SpanExporterTest {
  FakeClock clock;
  Loop loop{clock};
  Fd listener;
  std::atomic<uint64_t> dropped{0};
  SpanQueue queue{{.spans = 8, .batch = 3}, dropped};
  std::optional<SpanExporter> exporter;
  Fd peer;  // asks the collector

  SpanExporterTest() {
    auto bound = Listener::bind("127.0.0.1", 0);
    REQUIRE(bound);
    listener = std::move(*bound);
    REQUIRE(::listen(listener.get(), 8) == 0);
    exporter.emplace(
        loop,
        TraceSettings{.url = HttpUrl{{"127.0.0.1", bound_port(listener.get())}, "/v1/traces"},
                      .fields = "Content-Type: application/json\r\n",
                      .resource = R"({"key":"service.name","value":{"stringValue":"greet"}})",
                      .timeout = kTimeout,
                      .delay = kDelay},
        queue, dropped);
  }

  void add(std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) queue.add(fmt::format("\"{}\"", name), 1);
    turn();
  }
  void turn() {
    for (int i = 0; i < 20; ++i) loop.poll();
  }
  void pass(Duration time) {
    clock.advance(time);
    turn();
  }
  void finish() {
    {
      const Turn turn(loop);
      exporter->finish();
    }
    turn();
  }

  // Whether a request comes, while the loop runs for a moment.
  bool asked() {
    const Instant end = real_clock().now() + 100ms;
    while (real_clock().now() < end) {
      loop.poll();
      peer = Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (peer) return true;
    }
    return false;
  }
  // The body of the next request, on a connection of its own.
  nlohmann::json body() { return asked() ? read_body() : nlohmann::json(); }
  nlohmann::json read_body() {
    std::string request;
    size_t whole = std::string::npos;
    REQUIRE(poll_until(loop, [&] {
      char piece[65536];
      const ssize_t size = ::read(peer.get(), piece, sizeof piece);
      if (size > 0) request.append(piece, static_cast<size_t>(size));
      const size_t head = request.find("\r\n\r\n");
      if (head == std::string::npos) return false;
      whole = head + 4 + std::stoul(request.substr(request.find("Content-Length: ") + 16));
      return request.size() >= whole;
    }));
    REQUIRE(request.size() == whole);
    return nlohmann::json::parse(request.substr(request.find("\r\n\r\n") + 4));
  }
  // The spans of the next batch, which is taken from us: "a b ".
  std::string spans() { return spans_of(body()); }
  static std::string spans_of(const nlohmann::json& request) {
    std::string text;
    if (request.is_null()) return text;
    for (const auto& span : request["resourceSpans"][0]["scopeSpans"][0]["spans"]) {
      text += std::string(span) + " ";
    }
    return text;
  }
  void answer(std::string_view status, std::string_view fields = {}, std::string_view text = "{}") {
    answer_and_stay(status, fields, text);
    peer = Fd();
    turn();
  }
  void answer_and_stay(std::string_view status, std::string_view fields = {},
                       std::string_view text = "{}") {
    const std::string all = fmt::format("HTTP/1.1 {}\r\n{}Content-Length: {}\r\n\r\n{}", status,
                                        fields, text.size(), text);
    REQUIRE(::write(peer.get(), all.data(), all.size()) == static_cast<ssize_t>(all.size()));
    turn();
  }
  // The next batch gets this answer.
  std::string spans_answered(std::string_view status, std::string_view fields = {}) {
    const std::string text = spans();
    if (!text.empty()) answer(status, fields);
    return text;
  }
};

}  // namespace

TEST_CASE_FIXTURE(SpanExporterTest, "spans wait for others until the delay is over") {
  add({"a", "b"});
  pass(kDelay - 1ms);
  CHECK_FALSE(asked());
  pass(1ms);
  CHECK(spans_answered("200 OK") == "a b ");
  CHECK(dropped == 0);
}

TEST_CASE_FIXTURE(SpanExporterTest, "a full batch waits for nobody, and the next one follows it") {
  add({"a", "b", "c", "d", "e", "f", "g"});
  CHECK(spans_answered("200 OK") == "a b c ");
  CHECK(spans_answered("200 OK") == "d e f ");
  CHECK_FALSE(asked());
  pass(kDelay);
  CHECK(spans_answered("200 OK") == "g ");
}

TEST_CASE_FIXTURE(SpanExporterTest, "a batch says whose spans it has") {
  add({"a", "b", "c"});
  const nlohmann::json of_resource = body()["resourceSpans"][0];
  CHECK(of_resource["resource"]["attributes"][0]["value"]["stringValue"] == "greet");
  CHECK(of_resource["scopeSpans"][0]["scope"]["name"] == "fwatchdog");
}

TEST_CASE_FIXTURE(SpanExporterTest, "all batches go on one connection, also those sent again") {
  add({"a", "b", "c", "d", "e", "f"});
  CHECK(spans() == "a b c ");
  answer_and_stay("200 OK");
  CHECK(spans_of(read_body()) == "d e f ");
  answer_and_stay("503 Busy");
  pass(1s);
  CHECK(spans_of(read_body()) == "d e f ");
  answer_and_stay("400 Bad Request");
  CHECK(dropped == 3);
  add({"g", "h", "i"});
  CHECK(spans_of(read_body()) == "g h i ");
}

TEST_CASE_FIXTURE(SpanExporterTest,
                  "a connection that was closed since the last batch costs no try and no pause") {
  add({"a", "b", "c"});
  CHECK(spans() == "a b c ");
  answer_and_stay("200 OK");
  add({"d", "e", "f"});
  peer = Fd();
  CHECK(spans() == "d e f ");
  peer = Fd();  // a new one that is closed does
  CHECK_FALSE(asked());
  pass(1s);
  CHECK(spans_answered("200 OK") == "d e f ");
  CHECK(dropped == 0);
}

TEST_CASE_FIXTURE(SpanExporterTest, "a collector that closes or talks unasked is connected anew") {
  for (const bool talks : {false, true}) {
    add({"a", "b", "c"});
    CHECK(spans() == "a b c ");
    answer_and_stay("200 OK", talks ? "" : "Connection: close\r\n");
    if (talks) REQUIRE(::write(peer.get(), "?", 1) == 1);
    turn();
    add({"d", "e", "f"});
    CHECK(spans_answered("200 OK") == "d e f ");
  }
  CHECK(dropped == 0);
}

TEST_CASE_FIXTURE(SpanExporterTest, "a batch that the kernel does not take at once arrives whole") {
  const std::string large(1024 * 1024, 'x');
  add({large, "b", large});
  CHECK(spans_answered("200 OK") == large + " b " + large + " ");
  CHECK(dropped == 0);
}

TEST_CASE_FIXTURE(SpanExporterTest,
                  "what the collector has no time for is sent again after 1, 2, 4 and 8 seconds, "
                  "and then dropped") {
  add({"a", "b", "c"});
  CHECK(spans_answered("429 Too Many Requests") == "a b c ");
  Duration pause = 1s;
  for (const char* status : {"502 Bad Gateway", "503 Busy", "504 Late", "503 Busy"}) {
    pass(pause - 1ms);
    CHECK_FALSE(asked());
    CHECK(dropped == 0);
    pass(1ms);
    CHECK(spans_answered(status) == "a b c ");
    pause *= 2;
  }
  CHECK(dropped == 3);
  pass(1h);
  CHECK_FALSE(asked());
}

TEST_CASE_FIXTURE(SpanExporterTest, "a batch that goes through begins anew with short pauses") {
  add({"a", "b", "c"});
  CHECK(spans_answered("503 Busy") == "a b c ");
  pass(1s);
  CHECK(spans_answered("200 OK") == "a b c ");
  add({"d", "e", "f"});
  CHECK(spans_answered("503 Busy") == "d e f ");
  pass(1s);
  CHECK(spans_answered("200 OK") == "d e f ");
}

TEST_CASE_FIXTURE(SpanExporterTest, "Retry-After in seconds says when to ask again") {
  add({"a", "b", "c"});
  CHECK(spans_answered("429 Too Many Requests", "Retry-After: 7\r\n") == "a b c ");
  pass(6s + 999ms);
  CHECK_FALSE(asked());
  pass(1ms);
  CHECK(spans_answered("200 OK") == "a b c ");
}

TEST_CASE_FIXTURE(SpanExporterTest, "Retry-After as a date says when to ask again") {
  add({"a", "b", "c"});
  const std::string date = format_http_date(std::time(nullptr) + 60);
  CHECK(spans_answered("503 Busy", fmt::format("Retry-After: {}\r\n", date)) == "a b c ");
  pass(50s);  // the answer may take some of the minute
  CHECK_FALSE(asked());
  pass(10s);
  CHECK(spans_answered("200 OK") == "a b c ");
}

TEST_CASE_FIXTURE(SpanExporterTest, "a Retry-After of more than an hour is one of an hour") {
  const std::string tomorrow = format_http_date(std::time(nullptr) + 86'400);
  for (const std::string& later :
       {std::string("86400"), std::string("99999999999"), std::string("99999999999999999999"),
        tomorrow, std::string("Fri, 31 Dec 9999 23:59:59 GMT")}) {
    CAPTURE(later);
    add({"a", "b", "c"});
    CHECK(spans_answered("503 Busy", fmt::format("Retry-After: {}\r\n", later)) == "a b c ");
    pass(1h - 1ms);
    CHECK_FALSE(asked());
    pass(1ms);
    CHECK(spans_answered("200 OK") == "a b c ");
  }
}

TEST_CASE_FIXTURE(SpanExporterTest, "a Retry-After that is past or nonsense does not hurry us") {
  const std::string past = format_http_date(std::time(nullptr) - 60);
  for (const std::string& hasty :
       {past, std::string("Sat, 01 Jan 1600 00:00:00 GMT"),
        std::string("Mon, 01 Jan 0001 00:00:00 GMT"), std::string("0"), std::string("soon")}) {
    CAPTURE(hasty);
    add({"a", "b", "c"});
    for (const Duration pause : {1s, 2s, 4s, 8s}) {
      CHECK(spans_answered("503 Busy", fmt::format("Retry-After: {}\r\n", hasty)) == "a b c ");
      pass(pause - 1ms);
      CHECK_FALSE(asked());
      pass(1ms);
    }
    CHECK(spans_answered("200 OK") == "a b c ");
  }
  CHECK(dropped == 0);
}

TEST_CASE_FIXTURE(SpanExporterTest, "what the collector refuses is dropped and counted, once") {
  uint64_t lost = 0;
  for (const char* status : {"400 Bad Request", "404 Not Found", "413 Too Large", "500 Oops"}) {
    add({"a", "b", "c"});
    CHECK(spans_answered(status) == "a b c ");
    CHECK(dropped == (lost += 3));
    pass(1h);
    CHECK_FALSE(asked());
  }
}

TEST_CASE_FIXTURE(SpanExporterTest, "what is rejected of a batch that was taken is counted") {
  add({"a", "b", "c"});
  CHECK(spans() == "a b c ");
  answer("200 OK", {}, R"({"partialSuccess": {"rejectedSpans": "2", "errorMessage": "no"}})");
  CHECK(dropped == 2);
  pass(1h);
  CHECK_FALSE(asked());
}

TEST_CASE_FIXTURE(SpanExporterTest, "no more of a batch can be rejected than it has") {
  add({"a", "b", "c"});
  CHECK(spans() == "a b c ");
  answer("200 OK", {}, R"({"partialSuccess":{"rejectedSpans":4711}})");
  CHECK(dropped == 3);
}

TEST_CASE_FIXTURE(SpanExporterTest, "a collector that takes too long is asked again") {
  add({"a", "b", "c"});
  CHECK(spans() == "a b c ");
  pass(kTimeout);
  CHECK_FALSE(asked());
  pass(1s);
  CHECK(spans_answered("200 OK") == "a b c ");
  CHECK(dropped == 0);
}

TEST_CASE_FIXTURE(SpanExporterTest, "a collector that hangs up is asked again") {
  add({"a", "b", "c"});
  CHECK(spans() == "a b c ");
  peer = Fd();
  turn();
  pass(1s);
  CHECK(spans_answered("200 OK") == "a b c ");
  CHECK(dropped == 0);
}

TEST_CASE_FIXTURE(SpanExporterTest, "while a batch waits for its next try no more wait than fit") {
  add({"a", "b", "c"});
  CHECK(spans_answered("503 Busy") == "a b c ");
  add({"1", "2", "3", "4", "5", "6", "7", "8", "9"});
  CHECK(dropped == 1);
  pass(1s);
  CHECK(spans_answered("200 OK") == "a b c ");
  CHECK(spans_answered("200 OK") == "1 2 3 ");
}

TEST_CASE_FIXTURE(SpanExporterTest, "at the end what is left is sent at once, batch after batch") {
  add({"a", "b", "c", "d"});
  CHECK(spans_answered("200 OK") == "a b c ");
  finish();
  CHECK_FALSE(exporter->finished());
  CHECK(spans_answered("200 OK") == "d ");
  CHECK(exporter->finished());
  CHECK(dropped == 0);
}

TEST_CASE_FIXTURE(SpanExporterTest,
                  "at the end a batch that waits for its next try waits no more") {
  add({"a", "b", "c"});
  CHECK(spans_answered("503 Busy", "Retry-After: 600\r\n") == "a b c ");
  finish();
  CHECK(spans_answered("503 Busy", "Retry-After: 600\r\n") == "a b c ");
  pass(SpanExporter::kLastPause);
  CHECK(spans_answered("200 OK") == "a b c ");
  CHECK(exporter->finished());
  CHECK(dropped == 0);
}

TEST_CASE_FIXTURE(SpanExporterTest,
                  "at the end a collector that says nothing is waited for until the time is over") {
  add({"a", "b", "c", "d"});
  CHECK(spans() == "a b c ");
  finish();
  pass(kTimeout - 1ms);
  pass(1ms);
  CHECK(exporter->finished());
  CHECK(dropped == 4);
}

TEST_CASE_FIXTURE(SpanExporterTest, "what there is no more time for is dropped and counted, once") {
  add({"a", "b", "c", "d"});
  CHECK(spans() == "a b c ");
  finish();
  for (int i = 0; i < 2; ++i) {
    const Turn turn(loop);
    exporter->drop_rest();
  }
  CHECK(exporter->finished());
  CHECK(dropped == 4);
  pass(kTimeout);
  CHECK(dropped == 4);
}

TEST_CASE_FIXTURE(SpanExporterTest,
                  "at the end a span is counted once where the time of its try is over too") {
  add({"a"});
  finish();
  CHECK(spans_answered("503 Busy") == "a ");
  pass(SpanExporter::kLastPause);
  CHECK(spans() == "a ");
  pass(kTimeout);
  CHECK(exporter->finished());
  CHECK(dropped == 1);
}

TEST_CASE_FIXTURE(SpanExporterTest, "at the end a collector that is gone is not waited for") {
  add({"a", "b"});
  listener = Fd();
  finish();
  CHECK(poll_until(loop, [&] { return exporter->finished(); }));
  CHECK(dropped == 2);
}

TEST_CASE_FIXTURE(SpanExporterTest, "with nothing left the end is at once") {
  finish();
  CHECK(exporter->finished());
  CHECK_FALSE(asked());
}

#include "trace/span_writer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

using namespace watchdog;

namespace {

std::string escaped(std::string_view text) {
  JsonText out;
  out.put_text(text);
  return std::string(out.text());
}

TraceIds ids_of_example() {
  TraceIds ids;
  std::ranges::copy(std::string_view("4bf92f3577b34da6a3ce929d0e0e4736"), ids.trace.begin());
  std::ranges::copy(std::string_view("00f067aa0ba902b7"), ids.span.begin());
  return ids;
}

}  // namespace

TEST_CASE("a text of any bytes is a JSON string") {
  CHECK(escaped("/a?b=\"c\\d\"") == R"(/a?b=\"c\\d\")");
  CHECK(escaped("a\n\x01\x7f") == R"(a\u000a\u0001\u007f)");
  CHECK(escaped("\xe2\x82\xac") == "\xe2\x82\xac");
  CHECK(escaped("a\xff\xe2\x82") == "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  CHECK(nlohmann::json::accept("\"" + escaped(all) + "\""));
}

TEST_CASE("a long text is cut between two characters") {
  CHECK(escaped(std::string(1023, 'x') + "\xe2\x82\xac") == std::string(1023, 'x'));
  CHECK(escaped(std::string(2000, 'x')).size() == 1024);
}

TEST_CASE("a time has all its digits") {
  for (const UnixNanoseconds time :
       {1'700'000'000'000'000'000U, 1'700'000'000'999'999'999U, 1'712'345'678'012'345'678U,
        1'712'345'678'900'000'001U, 1'712'345'679'000'100'000U, 9'999'999'999'999'999'999U}) {
    const auto digits = time_digits(time);
    CHECK(std::string(digits.begin(), digits.end()) == std::to_string(time));
  }
}

TEST_CASE("spans are written as OTLP's JSON has them") {
  JsonText out;
  SpanWriter writer(out);
  const TraceIds ids = ids_of_example();
  writer.begin(SpanWriter::Kind::kServer, "GET");
  writer.add<"url.path">("/\"");
  writer.add<"http.response.status_code">(uint64_t{500});
  writer.end_failed({.ids = ids,
                     .parent = "1111111111111111",
                     .tracestate = "a=1",
                     .begin = 1'700'000'000'000'000'001,
                     .end = 1'700'000'000'000'000'002},
                    "exit code 7");
  writer.begin(SpanWriter::Kind::kInternal, "body");
  writer.end({.ids = ids,
              .parent = {},
              .tracestate = {},
              .begin = 1'700'000'000'000'000'002,
              .end = 1'700'000'000'000'000'001});
  CHECK(writer.count() == 2);
  const auto spans = nlohmann::json::parse("[" + std::string(out.text()) + "]");
  const auto expected = nlohmann::json::parse(R"([
    {"traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": "00f067aa0ba902b7",
     "parentSpanId": "1111111111111111", "traceState": "a=1", "name": "GET", "kind": 2,
     "startTimeUnixNano": "1700000000000000001", "endTimeUnixNano": "1700000000000000002",
     "attributes": [{"key": "url.path", "value": {"stringValue": "/\""}},
                    {"key": "http.response.status_code", "value": {"intValue": "500"}}],
     "status": {"message": "exit code 7", "code": 2}},
    {"traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": "00f067aa0ba902b7", "name": "body",
     "kind": 1, "startTimeUnixNano": "1700000000000000002",
     "endTimeUnixNano": "1700000000000000002", "attributes": []}])");
  CHECK(spans == expected);
}

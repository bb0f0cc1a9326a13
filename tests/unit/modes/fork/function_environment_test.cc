#include "modes/fork/function_environment.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>

using namespace watchdog;

namespace {

std::map<std::string, std::string> variables(FunctionEnvironment& environment,
                                             const RequestHead& request,
                                             std::optional<uint64_t> collected = {}) {
  const auto built = environment.build(request, collected);
  REQUIRE(built);
  std::map<std::string, std::string> all;
  for (char* const* entry = *built; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const size_t equals = text.find('=');
    all[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return all;
}

RequestHead get(std::string_view target) {
  RequestHead request;
  request.method = "GET";
  request.target = target;
  return request;
}

FunctionEnvironment with_body() {
  return FunctionEnvironment(FunctionEnvironment::Lengths::kWithBody, true);
}

}  // namespace

TEST_CASE("header fields become Http_ variables in canonical case with underscores") {
  auto environment = with_body();
  RequestHead request = get("/");
  request.fields.add("user-agent", "curl");
  request.fields.add("X-CALL-ID", "42");
  const auto all = variables(environment, request);
  CHECK(all.at("Http_User_Agent") == "curl");
  CHECK(all.at("Http_X_Call_Id") == "42");
}

TEST_CASE("of a repeated field only the first value is given") {
  auto environment = with_body();
  RequestHead request = get("/");
  request.fields.add("Accept", "first");
  request.fields.add("accept", "second");
  CHECK(variables(environment, request).at("Http_Accept") == "first");
}

TEST_CASE("a field whose name is not plain has no variable, so that none passes for another") {
  auto environment = with_body();
  RequestHead request = get("/");
  for (const std::string_view name :
       {"X_User", "X-User_Id", "x.user", "a$b", "Content_Length", "_", "Transfer_Encoding"}) {
    request.fields.add(name, "forged");
  }
  request.fields.add("X-User", "real");
  const auto all = variables(environment, request);
  CHECK(all.at("Http_X_User") == "real");
  for (const auto& [name, value] : all) {
    CAPTURE(name);
    CHECK(value != "forged");
  }
}

TEST_CASE("the path is decoded, the query is not, and an absent query sets nothing") {
  auto environment = with_body();
  auto all = variables(environment, get("/a%20b?c=%20d"));
  CHECK(all.at("Http_Path") == "/a b");
  CHECK(all.at("Http_Query") == "c=%20d");
  CHECK(all.at("Http_Method") == "GET");
  all = variables(environment, get("/"));
  CHECK_FALSE(all.contains("Http_Query"));
}

TEST_CASE("a header named Proxy sets nothing (httpoxy)") {
  auto environment = with_body();
  RequestHead request = get("/");
  request.fields.add("PROXY", "http://evil");
  CHECK_FALSE(variables(environment, request).contains("Http_Proxy"));
}

TEST_CASE("headers cannot forge what the request line says") {
  auto environment = with_body();
  RequestHead request = get("/real");
  request.fields.add("Query", "forged=1");
  request.fields.add("Method", "DELETE");
  request.fields.add("Path", "/forged");
  request.fields.add("Transfer-Encoding", "forged");
  const auto all = variables(environment, request);
  CHECK_FALSE(all.contains("Http_Query"));
  CHECK_FALSE(all.contains("Http_Transfer_Encoding"));
  CHECK(all.at("Http_Method") == "GET");
  CHECK(all.at("Http_Path") == "/real");
}

TEST_CASE("a body's length is given in both spellings, and a chunked body as -1") {
  auto environment = with_body();
  RequestHead request = get("/");
  CHECK_FALSE(variables(environment, request).contains("Http_Content_Length"));
  request.fields.add("Content-Length", "5");
  request.framing = BodyFraming::kSized;
  request.content_length = 5;
  auto all = variables(environment, request);
  CHECK(all.at("Http_Content_Length") == "5");
  CHECK(all.at("Http_ContentLength") == "5");
  request = get("/");
  request.framing = BodyFraming::kChunked;
  all = variables(environment, request);
  CHECK(all.at("Http_Content_Length") == "-1");
  CHECK(all.at("Http_Transfer_Encoding") == "chunked");
}

TEST_CASE("a chunked body that has been collected has a length") {
  auto environment = with_body();
  RequestHead request = get("/");
  request.framing = BodyFraming::kChunked;
  auto all = variables(environment, request, 7);
  CHECK(all.at("Http_Content_Length") == "7");
  CHECK(all.at("Http_ContentLength") == "7");
  CHECK(all.at("Http_Transfer_Encoding") == "chunked");
  CHECK(variables(environment, request, 0).at("Http_Content_Length") == "0");
  // Without a body there is none to count.
  CHECK_FALSE(variables(environment, get("/"), 0).contains("Http_Content_Length"));
}

TEST_CASE("classic-watchdog's dialect gives a length of 0 to a request without a body") {
  FunctionEnvironment environment(FunctionEnvironment::Lengths::kAlways, true);
  CHECK(variables(environment, get("/")).at("Http_ContentLength") == "0");
}

TEST_CASE("our own environment comes along") {
  ::setenv("FWATCHDOG_TEST", "here", 1);
  auto environment = with_body();
  CHECK(variables(environment, get("/")).at("FWATCHDOG_TEST") == "here");
  ::unsetenv("FWATCHDOG_TEST");
}

TEST_CASE("a path that cannot be decoded is refused") {
  auto environment = with_body();
  CHECK_FALSE(environment.build(get("/%zz")));
  CHECK_FALSE(environment.build(get("/a%00b")));
}

namespace {

constexpr const char* kTraceparent01 = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

RequestHead traced(std::string_view traceparent = kTraceparent01) {
  RequestHead request = get("/");
  request.fields.add("traceparent", traceparent);
  request.fields.add("tracestate", "a=1");
  request.fields.add("Tracestate", "b=2");
  request.fields.add("baggage", "user=alice");
  return request;
}

}  // namespace

TEST_CASE("the trace that a request is part of is in the environment, its fields each as one") {
  auto environment = with_body();
  const auto all = variables(environment, traced());
  CHECK(all.at("TRACEPARENT") == kTraceparent01);
  CHECK(all.at("TRACESTATE") == "a=1,b=2");
  CHECK(all.at("BAGGAGE") == "user=alice");
}

TEST_CASE("the trace is there without Http_ variables, too, and nothing else is") {
  FunctionEnvironment environment(FunctionEnvironment::Lengths::kWithBody, false);
  const auto all = variables(environment, traced());
  CHECK(all.at("TRACEPARENT") == kTraceparent01);
  CHECK_FALSE(all.contains("Http_Method"));
  CHECK(all.contains("PATH"));
}

TEST_CASE("of a malformed traceparent there is no variable, nor of the tracestate beside it") {
  auto environment = with_body();
  const auto all = variables(environment, traced("00-zz-00f067aa0ba902b7-01"));
  CHECK_FALSE(all.contains("TRACEPARENT"));
  CHECK_FALSE(all.contains("TRACESTATE"));
  CHECK(all.at("BAGGAGE") == "user=alice");
}

TEST_CASE("the trace that we were started in does not pass for the request's") {
  setenv("TRACEPARENT", kTraceparent01, 1);
  setenv("BAGGAGE", "old=1", 1);
  auto environment = with_body();
  const auto all = variables(environment, get("/"));
  unsetenv("TRACEPARENT");
  unsetenv("BAGGAGE");
  CHECK_FALSE(all.contains("TRACEPARENT"));
  CHECK_FALSE(all.contains("BAGGAGE"));
}

#include "trace/tracer.h"

#include <doctest/doctest.h>

#include <atomic>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

using namespace watchdog;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kOutside = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

struct TracerTest {
  std::atomic<uint64_t> dropped{0};
  SpanQueue queue{{.spans = 1000, .batch = 1000}, dropped};
  Sampler sampler{Sampler::Kind::kParentBasedAlwaysOn};
  Tracer tracer{sampler, queue};
  RequestHead request{.method = "GET", .target = "/a/b?c=d"};
  Instant start{1s};

  nlohmann::json spans() {
    std::string text;
    if (const auto batch = queue.take()) {
      for (const std::string& block : batch->blocks) text += block;
    }
    return nlohmann::json::parse("[" + text + "]");
  }
  std::string field(std::string_view name) const {
    const Field* found = request.fields.find(name);
    return found == nullptr ? "" : std::string(found->value);
  }
  TracedRequest ended(int status = 200, std::string_view failure = {},
                      std::string_view detail = {}) const {
    return {.request = request,
            .client = *IpAddress::parse("192.0.2.7"),
            .status = status,
            .failure = failure,
            .detail = detail};
  }
};

std::map<std::string, std::string> attributes(const nlohmann::json& span) {
  std::map<std::string, std::string> all;
  for (const auto& one : span["attributes"]) {
    const auto& value = one["value"];
    all[one["key"]] = value.contains("intValue") ? value["intValue"] : value["stringValue"];
  }
  return all;
}

}  // namespace

TEST_CASE_FIXTURE(TracerTest,
                  "a request with a traceparent goes on with its trace, under our span") {
  request.fields.add("Traceparent", kOutside);
  request.fields.add("tracestate", "a=1");
  request.fields.add("Tracestate", "b=2");
  request.fields.add("baggage", "x=1");
  auto span = tracer.begin(request, start);
  const auto given = parse_traceparent(field("traceparent"));
  REQUIRE(given);
  CHECK(given->ids.trace_id() == "4bf92f3577b34da6a3ce929d0e0e4736");
  CHECK(given->ids.span_id() != "00f067aa0ba902b7");
  CHECK(given->ids.span_id() == span->context().ids.span_id());
  CHECK(given->sampled);
  CHECK(field("tracestate") == "a=1,b=2");
  CHECK(field("baggage") == "x=1");
  CHECK(request.fields.size() == 3);
  tracer.end(*span, ended(), start + 1ms);
  const auto all = spans();
  REQUIRE(all.size() == 1);
  CHECK(all[0]["parentSpanId"] == "00f067aa0ba902b7");
  CHECK(all[0]["traceState"] == "a=1,b=2");
}

TEST_CASE_FIXTURE(TracerTest, "a request without a trace begins one, whose id is random") {
  auto span = tracer.begin(request, start);
  CHECK(field("traceparent").ends_with("-03"));
  tracer.end(*span, ended(), start + 1ms);
  const auto all = spans();
  REQUIRE(all.size() == 1);
  CHECK_FALSE(all[0].contains("parentSpanId"));
  CHECK(all[0]["traceId"] == std::string(span->context().ids.trace_id()));
}

TEST_CASE_FIXTURE(TracerTest, "a malformed traceparent is replaced, and its tracestate dropped") {
  request.fields.add("traceparent", "00-00000000000000000000000000000000-00f067aa0ba902b7-01");
  request.fields.add("tracestate", "a=1");
  auto span = tracer.begin(request, start);
  CHECK(parse_traceparent(field("traceparent")));
  CHECK(field("tracestate").empty());
}

TEST_CASE_FIXTURE(TracerTest, "a trace that its parent did not sample is passed on, not recorded") {
  request.fields.add("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
  auto span = tracer.begin(request, start);
  CHECK(field("traceparent").ends_with("-00"));
  tracer.end(*span, ended(), start + 1ms);
  CHECK(spans().empty());
}

TEST_CASE_FIXTURE(TracerTest, "a span has the attributes of the HTTP conventions") {
  request.fields.add("Host", "shop.example:8443");
  request.fields.add("User-Agent", "curl/8");
  request.fields.add("X-Forwarded-Proto", "https");
  auto span = tracer.begin(request, start);
  tracer.end(*span, ended(204), start + 2ms);
  const auto all = spans();
  REQUIRE(all.size() == 1);
  CHECK(all[0]["name"] == "GET");
  CHECK(all[0]["kind"] == 2);
  CHECK_FALSE(all[0].contains("status"));
  CHECK(attributes(all[0]) ==
        std::map<std::string, std::string>{{"http.request.method", "GET"},
                                           {"url.scheme", "https"},
                                           {"url.path", "/a/b"},
                                           {"url.query", "c=d"},
                                           {"server.address", "shop.example"},
                                           {"server.port", "8443"},
                                           {"client.address", "192.0.2.7"},
                                           {"network.protocol.version", "1.1"},
                                           {"user_agent.original", "curl/8"},
                                           {"http.response.status_code", "204"}});
}

TEST_CASE_FIXTURE(TracerTest, "an invented method is _OTHER, and no name of a span") {
  request.method = "BREW";
  auto span = tracer.begin(request, start);
  tracer.end(*span, ended(), start);
  const auto all = spans();
  CHECK(all[0]["name"] == "HTTP");
  CHECK(attributes(all[0]).at("http.request.method") == "_OTHER");
  CHECK(attributes(all[0]).at("http.request.method_original") == "BREW");
}

TEST_CASE_FIXTURE(TracerTest, "a failed request says why, a client's own mistake is no error") {
  auto span = tracer.begin(request, start);
  tracer.end(*span, ended(500, "function_failed", "exit code 7"), start);
  tracer.end(*span, ended(503), start);
  tracer.end(*span, ended(404), start);
  tracer.end(*span, ended(499, "client_gone"), start);
  const auto all = spans();
  REQUIRE(all.size() == 4);
  CHECK(attributes(all[0]).at("error.type") == "function_failed");
  CHECK(all[0]["status"] == nlohmann::json{{"code", 2}, {"message", "exit code 7"}});
  CHECK(attributes(all[1]).at("error.type") == "503");
  CHECK(all[1]["status"]["code"] == 2);
  CHECK_FALSE(attributes(all[2]).contains("error.type"));
  CHECK_FALSE(all[2].contains("status"));
  CHECK(attributes(all[3]).at("error.type") == "client_gone");
  CHECK_FALSE(all[3].contains("status"));
}

TEST_CASE_FIXTURE(TracerTest, "each phase that took its time is a child, one after the other") {
  auto span = tracer.begin(request, start);
  span->enter(Phase::kQueue, start + 1ms);
  span->enter(Phase::kSpawn, start + 3ms);
  span->enter(Phase::kSpawn, start + 4ms);
  span->enter(Phase::kFirstByte, start + 5ms);
  span->enter(Phase::kBody, start + 5ms + 10us);
  tracer.end(*span, ended(), start + 9ms);
  const auto all = spans();
  REQUIRE(all.size() == 4);
  std::string names;
  for (size_t i = 1; i < all.size(); ++i) {
    names += std::string(all[i]["name"]) + " ";
    CHECK(all[i]["parentSpanId"] == all[0]["spanId"]);
    CHECK(all[i]["traceId"] == all[0]["traceId"]);
    CHECK(all[i]["spanId"] != all[0]["spanId"]);
    CHECK(all[i]["kind"] == 1);
  }
  CHECK(names == "queue spawn body ");
  const auto time = [](const nlohmann::json& span_of, const char* which) {
    return std::stoull(span_of[which].get<std::string>());
  };
  CHECK(time(all[2], "endTimeUnixNano") - time(all[2], "startTimeUnixNano") == 2'000'000);
  CHECK(time(all[1], "endTimeUnixNano") == time(all[2], "startTimeUnixNano"));
  CHECK(time(all[3], "endTimeUnixNano") == time(all[0], "endTimeUnixNano"));
}

TEST_CASE_FIXTURE(TracerTest, "a request that only waits for the response to begin has no child") {
  auto span = tracer.begin(request, start);
  span->enter(Phase::kFirstByte, start + 10us);
  span->enter(Phase::kBody, start + 8ms);
  tracer.end(*span, ended(), start + 8ms + 20us);
  CHECK(spans().size() == 1);
}

TEST_CASE_FIXTURE(TracerTest, "spans of several clients, hosts and programs say whose each is") {
  const auto told = [this](std::string_view host, std::string_view agent, std::string_view client) {
    request.fields.clear();
    request.fields.add("Host", host);
    request.fields.add("User-Agent", agent);
    auto span = tracer.begin(request, start);
    TracedRequest record = ended();
    record.client = *IpAddress::parse(client);
    tracer.end(*span, record, start + 1ms);
    const auto found = attributes(spans()[0]);
    return found.at("server.address") + " " + found.at("user_agent.original") + " " +
           found.at("client.address");
  };
  for (const char* host : {"a.example", "a.example", "b.example"}) {
    for (const char* agent : {"curl/8", "curl/8", "wget/1"}) {
      for (const char* client : {"192.0.2.7", "192.0.2.7", "2001:db8::1"}) {
        const std::string expected = std::string(host) + " " + agent + " " + client;
        CHECK(told(host, agent, client) == expected);
      }
    }
  }
}

TEST_CASE_FIXTURE(TracerTest, "of 10,000 requests those that say so are recorded, and no others") {
  SpanQueue all({.spans = 10'000, .batch = 10'000}, dropped);
  Tracer quarter(Sampler(Sampler::Kind::kParentBasedTraceIdRatio, 0.25), all);
  size_t said = 0;
  for (int i = 0; i < 10'000; ++i) {
    request.fields.clear();
    auto span = quarter.begin(request, start);
    said += parse_traceparent(field("traceparent"))->sampled ? 1 : 0;
    quarter.end(*span, ended(), start + 1ms);
  }
  CHECK(said > 2500 - 260);  // six standard deviations around the share
  CHECK(said < 2500 + 260);
  CHECK(all.take()->spans == said);
  CHECK(dropped == 0);
}

TEST_CASE_FIXTURE(TracerTest, "what belongs to no request has a trace of its own") {
  tracer.add_start("http://127.0.0.1:3000", start, start + 1s, "");
  tracer.add_start("http://127.0.0.1:3000", start, start + 1s, "exit code 1");
  const auto all = spans();
  REQUIRE(all.size() == 2);
  CHECK(all[0]["name"] == "cold start");
  CHECK(all[0]["kind"] == 1);
  CHECK_FALSE(all[0].contains("status"));
  CHECK(all[1]["status"]["message"] == "exit code 1");
  CHECK(all[0]["traceId"] != all[1]["traceId"]);
}

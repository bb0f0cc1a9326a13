#include "server/access_record.h"

#include <doctest/doctest.h>

#include <atomic>
#include <string>

#include "contains.h"
#include "server/exchange.h"
#include "server/metrics_text.h"

using namespace watchdog;

namespace {

struct AccessRecordTest {
  Config config;
  RequestHead request{.method = "GET", .target = "/ready"};
  PeerAddress peer;

  // What the metrics say of a request that has a span.
  std::string metrics_of_traced(bool sampled) {
    Metrics metrics;
    std::atomic<uint64_t> dropped{0};
    SpanQueue queue({.spans = 10, .batch = 10}, dropped);
    Tracer tracer(Sampler(Sampler::Kind::kAlwaysOff), queue);
    TraceContext context;
    context.ids.trace.fill('a');
    context.ids.span.fill('b');
    context.sampled = sampled;
    RequestSpan span(context, nullptr, Instant());
    Loop loop;
    record({.request = request, .peer = peer, .status = 200, .span = &span},
           {loop, config, metrics, &tracer});
    CHECK(queue.empty() != contains(text_of(metrics, Exposition::Format::kOpenMetrics), " # {"));
    return text_of(metrics, Exposition::Format::kOpenMetrics);
  }
  bool logged(int status = 200) const {
    return is_logged({.request = request, .peer = peer, .status = status}, config);
  }
};

}  // namespace

TEST_CASE_FIXTURE(AccessRecordTest, "access_log says which requests have a line") {
  CHECK(logged());
  config.access_log = AccessLog::kErrors;
  CHECK_FALSE(logged(200));
  CHECK_FALSE(logged(399));
  CHECK(logged(400));
  CHECK(logged(499));
  CHECK(logged(503));
  config.access_log = AccessLog::kOff;
  CHECK_FALSE(logged(503));
}

TEST_CASE_FIXTURE(AccessRecordTest,
                  "a probe of Kubernetes has none at ready_path, and nowhere else") {
  config.ready_path = "/ready";
  CHECK(logged());
  request.fields.add("User-Agent", "kube-probe/1.30");
  CHECK_FALSE(logged());
  CHECK_FALSE(logged(503));
  request.target = "/pay";
  CHECK(logged());
}

TEST_CASE_FIXTURE(AccessRecordTest, "a probe of any platform has none at / where it went well") {
  request.target = "/";
  for (const char* agent : {"kube-probe/1.31", "GoogleHC/1.0", "Knative-Activator-Probe"}) {
    request.fields.clear();
    request.fields.add("User-Agent", agent);
    CHECK_FALSE(logged(204));
    CHECK(logged(500));
  }
  request.framing = BodyFraming::kChunked;
  CHECK(logged());
  request.framing = BodyFraming::kNone;
  for (const char* agent : {"Knative-", "-Probe", "curl/8", "my kube-probe/1"}) {
    request.fields.clear();
    request.fields.add("User-Agent", agent);
    CHECK(logged());
  }
}

TEST_CASE_FIXTURE(AccessRecordTest, "every request is counted, by its method and status") {
  Metrics metrics;
  config.access_log = AccessLog::kOff;
  Loop loop;
  record({.request = request, .peer = peer, .status = 499, .failure = Failure::kClientGone},
         {loop, config, metrics});
  CHECK(text_of(metrics).find("http_requests_total{code=\"499\",method=\"get\"} 1\n") !=
        std::string::npos);
}

TEST_CASE_FIXTURE(AccessRecordTest, "a request whose span is sampled is an exemplar, no other") {
  config.access_log = AccessLog::kOff;
  const std::string exemplar =
      " # {trace_id=\"" + std::string(32, 'a') + "\",span_id=\"" + std::string(16, 'b') + "\"} 0 ";
  CHECK(contains(metrics_of_traced(true), exemplar));
  CHECK_FALSE(contains(metrics_of_traced(false), "trace_id"));
}

TEST_CASE_FIXTURE(AccessRecordTest, "a probe, which has no span, is no exemplar") {
  config.access_log = AccessLog::kOff;
  config.ready_path = "/ready";
  request.fields.add("User-Agent", "kube-probe/1.30");
  CHECK_FALSE(contains(metrics_of_traced(true), "trace_id"));
}

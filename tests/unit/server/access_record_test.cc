#include "server/access_record.h"

#include <doctest/doctest.h>

using namespace watchdog;

namespace {

struct Fixture {
  Config config;
  RequestHead request{.method = "GET", .target = "/ready"};
  PeerAddress peer;

  bool logged(int status = 200) const {
    return is_logged({.request = request, .peer = peer, .status = status}, config);
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "access_log says which requests have a line") {
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

TEST_CASE_FIXTURE(Fixture, "a probe of Kubernetes has none at ready_path, and nowhere else") {
  config.ready_path = "/ready";
  CHECK(logged());
  request.fields.add("User-Agent", "kube-probe/1.30");
  CHECK_FALSE(logged());
  CHECK_FALSE(logged(503));
  request.target = "/pay";
  CHECK(logged());
}

TEST_CASE_FIXTURE(Fixture, "every request is counted, by its method and status") {
  Metrics metrics;
  config.access_log = AccessLog::kOff;
  record({.request = request, .peer = peer, .status = 499, .failure = Failure::kClientGone}, config,
         metrics);
  CHECK(metrics.text().find("http_requests_total{code=\"499\",method=\"get\"} 1\n") !=
        std::string::npos);
}

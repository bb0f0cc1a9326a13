#include "server/metrics_service.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "fake_clock.h"
#include "process/scripted_system.h"
#include "server/fake_connection.h"

using namespace watchdog;
using namespace std::chrono_literals;

namespace {

struct MetricsServiceTest : Drain::Subject {
  FakeClock clock;
  Loop loop{clock};
  Config config;
  Metrics metrics;
  FunctionState function;
  Lifecycle lifecycle;
  ScriptedSystem system;
  Reaper reaper{loop, system};
  const ServerContext context{loop, config, metrics};
  std::unique_ptr<Health> health;
  std::unique_ptr<Drain> drain;
  std::unique_ptr<MetricsService> service;

  MetricsServiceTest() {
    config.suppress_lock = true;
    config.healthcheck_interval = 10s;
    config.shutdown_timeout = 30s;
    health = std::make_unique<Health>(config, function, lifecycle);
    drain = std::make_unique<Drain>(loop, config, lifecycle, metrics, reaper, *this);
    service = std::make_unique<MetricsService>(metrics, function, *health, *drain);
    lifecycle.advance(Stage::kServing);
  }

  void on_stage() override {}
  bool idle() const override { return true; }
  void stop_function() override {}
  void abandon_function() override {}
  bool function_over() const override { return true; }

  struct Asked {
    Asked(MetricsServiceTest& fixture, std::string_view target, std::string_view method)
        : connection(fixture.context), request{.method = method, .target = target} {
      const Turn turn(fixture.loop);
      connection.exchange.start(request, *fixture.service);
    }
    FakeConnection connection;
    RequestHead request;
  };
  std::string response(std::string_view target, std::string_view method = "GET") {
    return Asked(*this, target, method).connection.received;
  }
  // Whether /metrics is OpenMetrics for whom this field says what it accepts.
  bool open_metrics(std::string_view accept) {
    FakeConnection connection(context);
    RequestHead request{.method = "GET", .target = "/metrics"};
    request.fields.add("Accept", accept);
    const Turn turn(loop);
    connection.exchange.start(request, *service);
    const bool open = connection.got(
        "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n");
    CHECK(open != connection.got("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    CHECK(open == connection.received.ends_with("\n# EOF\n"));
    CHECK(connection.got("Vary: Accept\r\n"));
    return open;
  }
  void pass(Duration time) {
    clock.advance(time);
    loop.poll();
  }
};

}  // namespace

TEST_CASE_FIXTURE(MetricsServiceTest,
                  "the metrics port has the metrics and health, and says where they are") {
  CHECK(response("/metrics").find("Content-Type: text/plain; version=0.0.4") != std::string::npos);
  CHECK(response("/metrics").find("http_requests_in_flight") != std::string::npos);
  CHECK(response("/_/health").ends_with("OK"));
  CHECK(response("/else").starts_with("HTTP/1.1 404 "));
  CHECK(response("/else").ends_with("metrics are at /metrics\n"));
}

TEST_CASE_FIXTURE(MetricsServiceTest, "metrics are OpenMetrics for Prometheus") {
  CHECK(open_metrics(  // 2.42
      "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
      "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"));
  CHECK(open_metrics(  // 3.0
      "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
      "application/openmetrics-text;version=0.0.1;q=0.4,"
      "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,"
      "*/*;q=0.1"));
  CHECK(open_metrics("application/openmetrics-text"));
}

TEST_CASE_FIXTURE(MetricsServiceTest,
                  "metrics are plain text for whom OpenMetrics is not better than that") {
  CHECK_FALSE(open_metrics("*/*"));
  CHECK_FALSE(open_metrics("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
  CHECK_FALSE(open_metrics("text/plain"));
  CHECK_FALSE(open_metrics("application/json"));
  CHECK_FALSE(open_metrics(""));
  CHECK_FALSE(open_metrics("application/openmetrics-text, text/plain"));
  CHECK_FALSE(open_metrics("application/openmetrics-text;q=0.4, text/plain;q=0.5"));
  CHECK_FALSE(open_metrics("application/openmetrics-text;q=0, */*;q=0.1"));
  CHECK_FALSE(  // what asks for a draft of OpenMetrics
      open_metrics("application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,"
                   "*/*;q=0.1"));
}

TEST_CASE_FIXTURE(MetricsServiceTest, "who is answered here is not in the metrics") {
  response("/metrics");
  response("/_/health");
  response("/else");
  CHECK(metrics.sent_bytes == 0);
  CHECK(metrics.first_byte_seconds.count() == 0);
  CHECK(metrics.requests().empty());
}

TEST_CASE_FIXTURE(MetricsServiceTest, "/wait-for-drain drains, and is answered when that is over") {
  Asked hook(*this, "/wait-for-drain", "GET");
  CHECK(lifecycle.stage() == Stage::kDraining);
  pass(9s);
  CHECK(hook.connection.received.empty());
  pass(1s);
  CHECK(hook.connection.status() == "200");
  CHECK(lifecycle.stage() == Stage::kDraining);
  CHECK(response("/wait-for-drain").ends_with("drained\n"));
}

TEST_CASE_FIXTURE(MetricsServiceTest, "/wait-for-drain drains for GET and HEAD alone") {
  CHECK(response("/wait-for-drain", "POST").starts_with("HTTP/1.1 405 "));
  CHECK(response("/wait-for-drain", "OPTIONS").starts_with("HTTP/1.1 200 "));
  CHECK(lifecycle.stage() == Stage::kServing);
}

TEST_CASE_FIXTURE(MetricsServiceTest, "a hook whose client has gone is forgotten") {
  {
    Asked hook(*this, "/wait-for-drain", "GET");
    const Turn turn(loop);
    hook.connection.exchange.on_client_gone();
  }
  pass(10s);
  CHECK(lifecycle.stage() == Stage::kDraining);
}

TEST_CASE_FIXTURE(MetricsServiceTest, "a hook whose client has gone is no failed request") {
  Asked hook(*this, "/wait-for-drain", "GET");
  const Turn turn(loop);
  hook.connection.exchange.on_client_gone();
  CHECK(hook.connection.endings.size() == 1);
  CHECK(metrics.requests().empty());
}

#include "server/function_service.h"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "fake_clock.h"
#include "server/fake_connection.h"
#include "server/metrics_text.h"

using namespace watchdog;
using namespace std::chrono_literals;

namespace {

// A probe whose response the test gives.
struct FakeProbe final : ReadinessProbe {
  explicit FakeProbe(OnResponse& given) : asked(given) {}
  void ask(OnResponse on_response) override { asked = std::move(on_response); }
  void cancel() override { asked = nullptr; }
  OnResponse& asked;
};

struct RunningMode final : Mode {
  struct Running final : Invocation {
    void on_body(std::string_view) override {}
    void on_body_end() override {}
  };
  std::unique_ptr<Invocation> invoke(Exchange&) override {
    ++invoked;
    return std::make_unique<Running>();
  }
  std::unique_ptr<ReadinessProbe> readiness_probe() override {
    return probes ? std::make_unique<FakeProbe>(asked) : nullptr;
  }
  int invoked = 0;
  bool probes = false;
  ReadinessProbe::OnResponse asked;
};

struct FunctionServiceTest {
  FakeClock clock;
  Loop loop{clock};
  Config config;
  Metrics metrics;
  FunctionState function;
  Lifecycle lifecycle;
  RunningMode mode;
  Gate gate{1, 1};
  const ServerContext context{loop, config, metrics};
  std::unique_ptr<Health> health;
  std::unique_ptr<FunctionService> service;

  FunctionServiceTest() {
    config.suppress_lock = true;
    config.access_log = AccessLog::kOff;
    config.queue_timeout = 10s;
    health = std::make_unique<Health>(config, function, lifecycle);
    service = std::make_unique<FunctionService>(context, *health, lifecycle, gate, mode, nullptr);
    lifecycle.advance(Stage::kServing);
  }

  template <typename Call>
  void in_turn(Call call) {
    const Turn turn(loop);
    call();
  }

  // One request on its own connection.
  struct Asked {
    Asked(FunctionServiceTest& fixture, Service& service, std::string_view target,
          std::string_view method)
        : connection(fixture.context), request{.method = method, .target = target} {
      fixture.in_turn([&] { connection.exchange.start(request, service); });
    }
    FakeConnection connection;
    RequestHead request;
  };
  std::unique_ptr<Asked> ask(std::string_view target, std::string_view method = "GET") {
    return std::make_unique<Asked>(*this, *service, target, method);
  }
  std::string response(std::string_view target, std::string_view method = "GET") {
    return ask(target, method)->connection.received;
  }
  std::string status(std::string_view target, std::string_view method = "GET") {
    return ask(target, method)->connection.status();
  }
};

}  // namespace

TEST_CASE_FIXTURE(FunctionServiceTest,
                  "/_/health is 200 while we are healthy, and 503 from draining on") {
  CHECK(response("/_/health").ends_with("\r\n\r\nOK"));
  CHECK(status("/_/health") == "200");
  lifecycle.advance(Stage::kDraining);
  CHECK(status("/_/health") == "503");
  CHECK(response("/_/health").ends_with("\r\n\r\nnot healthy\n"));
}

TEST_CASE_FIXTURE(FunctionServiceTest, "the watchdog's own pages are for GET and HEAD") {
  CHECK(status("/_/health", "HEAD") == "200");
  CHECK(response("/_/health", "HEAD").ends_with("Content-Length: 2\r\n\r\n"));
  CHECK(status("/_/health", "POST") == "405");
  CHECK(response("/_/ready", "PUT").find("Allow: GET, HEAD\r\n") != std::string::npos);
}

TEST_CASE_FIXTURE(FunctionServiceTest, "OPTIONS of the watchdog's own pages gets them") {
  CHECK(response("/_/health", "OPTIONS").find("Allow: GET, HEAD\r\n") != std::string::npos);
  CHECK(status("/_/health", "OPTIONS") == "200");
  lifecycle.advance(Stage::kDraining);
  CHECK(status("/_/ready", "OPTIONS") == "503");
}

TEST_CASE_FIXTURE(FunctionServiceTest, "a network probe of Knative is answered by our health") {
  const auto probe = [this](std::string_view value) {
    FakeConnection connection(context);
    RequestHead request{.method = "GET", .target = "/any"};
    request.fields.add("k-network-probe", value);
    request.fields.add("K-Network-Hash", "abc");
    in_turn([&] { connection.exchange.start(request, *service); });
    return connection.received;
  };
  CHECK(probe("queue").ends_with("\r\n\r\nqueue"));
  CHECK(probe("queue").find("K-Network-Hash") == std::string::npos);
  CHECK(probe("probe").find("K-Network-Hash: abc\r\n") != std::string::npos);
  CHECK(probe("other").starts_with("HTTP/1.1 400 "));
  lifecycle.advance(Stage::kDraining);
  CHECK(probe("queue").starts_with("HTTP/1.1 503 "));
  CHECK(mode.invoked == 0);
}

TEST_CASE_FIXTURE(FunctionServiceTest,
                  "the watchdog's own pages are not counted, and never reach the mode") {
  status("/_/health");
  status("/_/ready");
  CHECK(mode.invoked == 0);
  CHECK(text_of(metrics).find("http_requests_total{") == std::string::npos);
}

TEST_CASE_FIXTURE(FunctionServiceTest,
                  "/_/ready is 429 while there is no slot and no place in the queue") {
  CHECK(status("/_/ready") == "200");
  const auto first = ask("/");
  CHECK(status("/_/ready") == "200");
  const auto second = ask("/");
  CHECK(status("/_/ready") == "429");
}

TEST_CASE_FIXTURE(FunctionServiceTest, "/_/ready asks the function where the mode can") {
  mode.probes = true;
  const auto well = ask("/_/ready");
  CHECK(well->connection.received.empty());
  in_turn([&] { mode.asked(std::nullopt); });
  CHECK(well->connection.status() == "200");
  const auto ill = ask("/_/ready");
  in_turn([&] { mode.asked("no connection"); });
  CHECK(ill->connection.status() == "503");
  CHECK(ill->connection.received.ends_with("\r\n\r\nnot ready: no connection\n"));
}

TEST_CASE_FIXTURE(FunctionServiceTest,
                  "a client that goes while the function is asked cancels the question") {
  mode.probes = true;
  const auto asked = ask("/_/ready");
  CHECK(mode.asked);
  in_turn([&] { asked->connection.exchange.on_client_gone(); });
  CHECK_FALSE(mode.asked);
}

TEST_CASE_FIXTURE(FunctionServiceTest,
                  "a request without a slot waits in the queue, its body unread") {
  auto first = ask("/");
  const auto second = ask("/");
  CHECK(mode.invoked == 1);
  CHECK(second->connection.upload_paused);
  CHECK(metrics.requests_queued == 1);
  in_turn([&] { first->connection.exchange.end(); });
  CHECK(poll_until(loop, [&] { return mode.invoked == 2; }));
  CHECK_FALSE(second->connection.upload_paused);
  CHECK(metrics.requests_queued == 0);
}

TEST_CASE_FIXTURE(FunctionServiceTest,
                  "a request that waits for queue_timeout gets 503, and may come again") {
  const auto first = ask("/");
  const auto second = ask("/");
  clock.advance(10s);
  loop.poll();
  CHECK(second->connection.status() == "503");
  CHECK(second->connection.got("Retry-After: 1\r\n"));
  CHECK(metrics.queue_timeouts == 1);
}

TEST_CASE_FIXTURE(FunctionServiceTest,
                  "a request that still waits when functions are asked to end gets 503") {
  const auto first = ask("/");
  const auto second = ask("/");
  in_turn([&] { second->connection.exchange.on_stopping(); });
  CHECK(second->connection.status() == "503");
  CHECK(second->connection.got("draining: "));
}

TEST_CASE_FIXTURE(FunctionServiceTest,
                  "beyond the queue a request gets 429, in the words of OpenFaaS") {
  const auto first = ask("/");
  const auto second = ask("/");
  const auto third = ask("/");
  CHECK(third->connection.status() == "429");
  CHECK(third->connection.got("X-OpenFaaS-Internal: faas-middleware\r\n"));
  CHECK(third->connection.received.ends_with(
      "Concurrent request limit exceeded. Max concurrent requests: 1\n"));
}

TEST_CASE_FIXTURE(FunctionServiceTest,
                  "draining notes when the last request came, health checks apart") {
  lifecycle.advance(Stage::kDraining);
  clock.advance(1s);
  status("/_/health");
  CHECK(lifecycle.last_request() == Instant{});
  const auto asked = ask("/");
  CHECK(lifecycle.last_request() == clock.now());
}

TEST_CASE_FIXTURE(FunctionServiceTest,
                  "connections are kept while we serve, and closed when idle from closing on") {
  CHECK(service->keep_alive());
  lifecycle.advance(Stage::kDraining);
  CHECK_FALSE(service->keep_alive());
  CHECK_FALSE(service->closing());
  lifecycle.advance(Stage::kClosing);
  CHECK(service->closing());
}

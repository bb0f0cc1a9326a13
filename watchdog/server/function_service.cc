#include "server/function_service.h"

#include <fmt/format.h>

#include <memory>
#include <string_view>
#include <utility>

#include "server/queued_request.h"

namespace watchdog {

namespace {

// Answers a page of ours, to GET and HEAD only (RFC 9110 15.5.6).
void answer(Exchange& exchange, int status, std::string_view body,
            std::string_view type = "text/plain; charset=utf-8") {
  const std::string_view method = exchange.request().method;
  const bool allowed = method == "GET" || method == "HEAD";
  ResponseHead response{.status = allowed ? status : 405};
  response.fields.add("Content-Type", type);
  if (!allowed) response.fields.add("Allow", "GET, HEAD");
  exchange.answer(std::move(response),
                  allowed ? body : std::string_view("only GET and HEAD are answered here\n"));
}

void answer_health(Exchange& exchange, const Health& health) {
  const bool healthy = health.healthy();
  answer(exchange, healthy ? 200 : 503, healthy ? "OK" : "not healthy\n");
}

// /_/ready, on its way to ask the function.
class ReadyPage final : public Invocation {
 public:
  ReadyPage(Exchange& exchange, std::unique_ptr<ReadinessProbe> probe) : probe_(std::move(probe)) {
    probe_->ask([&exchange](const std::optional<std::string>& problem) {
      if (problem) return answer(exchange, 503, fmt::format("not ready: {}\n", *problem));
      answer(exchange, 200, "OK");
    });
  }
  ~ReadyPage() override { probe_->cancel(); }

  void on_body(std::string_view) override {}
  void on_body_end() override {}

 private:
  std::unique_ptr<ReadinessProbe> probe_;
};

}  // namespace

void FunctionService::serve(Exchange& exchange) {
  const std::string_view path = exchange.request().path();
  if (path == "/_/health") return answer_health(exchange, health_);
  if (path == "/_/ready") return serve_ready(exchange);
  if (lifecycle_.stage() == Stage::kDraining) lifecycle_.note_request(exchange.loop().now());

  if (auto slot = gate_.enter()) {
    exchange.run(mode_, std::move(*slot));
  } else if (gate_.may_wait()) {
    exchange.wait(std::make_unique<QueuedRequest>(exchange, gate_, mode_, context_.metrics,
                                                  context_.config.queue_timeout));
  } else {
    const std::string text = fmt::format(
        "Concurrent request limit exceeded. Max concurrent requests: {}\n", gate_.most());
    exchange.fail(Failure::kOverloaded, fmt::format("max_inflight={}", gate_.most()), text);
  }
}

void FunctionService::serve_ready(Exchange& exchange) {
  if (!health_.healthy()) return answer(exchange, 503, "not ready\n");
  if (gate_.full()) return answer(exchange, 429, "at max_inflight\n");
  if (auto probe = mode_.readiness_probe()) {
    return exchange.wait(std::make_unique<ReadyPage>(exchange, std::move(probe)));
  }
  answer(exchange, 200, "OK");
}

void MetricsService::serve(Exchange& exchange) {
  if (exchange.request().path() == "/_/health") return answer_health(exchange, health_);
  if (exchange.request().path() == "/metrics") {
    return answer(exchange, 200, metrics_.text(), "text/plain; version=0.0.4; charset=utf-8");
  }
  ResponseHead response{.status = 404};
  response.fields.add("Content-Type", "text/plain; charset=utf-8");
  exchange.answer(std::move(response), "metrics are at /metrics\n");
}

}  // namespace watchdog

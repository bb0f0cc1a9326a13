#include "server/function_service.h"

#include <fmt/format.h>

#include <memory>
#include <string_view>
#include <utility>

#include "server/page.h"
#include "server/platform_probe.h"
#include "server/queued_request.h"
#include "server/signed_request.h"

namespace watchdog {

namespace {

// /_/ready, on its way to ask the function.
class ReadyPage final : public Invocation {
 public:
  ReadyPage(Exchange& exchange, std::unique_ptr<ReadinessProbe> probe) : probe_(std::move(probe)) {
    probe_->ask([&exchange](const std::optional<std::string>& problem) {
      if (problem) return answer_page(exchange, 503, fmt::format("not ready: {}\n", *problem));
      answer_page(exchange, 200, "OK");
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
  if (const std::string_view probe = network_probe(exchange.request()); !probe.empty()) {
    return answer_network_probe(exchange, probe, health_);
  }
  if (lifecycle_.stage() == Stage::kDraining) lifecycle_.note_request(exchange.loop().now());
  if (authenticator_ != nullptr) return check_caller(exchange);
  admit(exchange);
}

void FunctionService::admit(Exchange& exchange) {
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

void FunctionService::check_caller(Exchange& exchange) {
  const Instant since = exchange.loop().now();
  auto checked = authenticator_->check(exchange.request());
  if (const auto* denial = std::get_if<Denial>(&checked)) return exchange.deny(*denial);
  auto& caller = std::get<Authenticator::Admitted>(checked);
  exchange.identify(std::move(caller.subject), exchange.loop().now() - since);
  if (!caller.signature) return admit(exchange);
  auto signed_request = std::make_unique<SignedRequest>(
      exchange, std::move(*caller.signature), collection_limits(context_.config).in_memory,
      [this, &exchange] { admit(exchange); });
  if (exchange.request().has_body()) return exchange.wait(std::move(signed_request));
  signed_request->on_body_end();
}

void FunctionService::serve_ready(Exchange& exchange) {
  if (!health_.healthy()) return answer_page(exchange, 503, "not ready\n");
  if (authenticator_ != nullptr && !authenticator_->ready()) {
    return answer_page(exchange, 503, fmt::format("not ready: {}\n", kNoKeysYet.sentence));
  }
  if (gate_.full()) return answer_page(exchange, 429, "at max_inflight\n");
  if (auto probe = mode_.readiness_probe()) {
    return exchange.wait(std::make_unique<ReadyPage>(exchange, std::move(probe)));
  }
  answer_page(exchange, 200, "OK");
}

}  // namespace watchdog

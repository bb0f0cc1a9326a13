#include "server/metrics_service.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "http/accept.h"
#include "server/exchange.h"
#include "server/metrics_page.h"
#include "server/mode.h"
#include "server/page.h"

namespace watchdog {

namespace {

// /wait-for-drain, until the container has no more requests to expect.
class DrainPage final : public Invocation {
 public:
  DrainPage(Exchange& exchange, Drain& drain)
      : waiter_([&exchange] { answer_page(exchange, 200, "drained\n"); }),
        place_(drain.wait(waiter_)) {}

  void on_body(std::string_view) override {}
  void on_body_end() override {}

 private:
  Drain::Waiter waiter_;
  WaitList<Drain::Waiter>::Place place_;
};

}  // namespace

void MetricsService::serve(Exchange& exchange) {
  const std::string_view path = exchange.request().path();
  if (path == "/_/health") return answer_health(exchange, health_);
  if (path == "/wait-for-drain") return wait_for_drain(exchange);
  if (path == "/metrics") return answer_metrics(exchange);
  if (status_ != nullptr && StatusPage::is_at(path)) return status_->serve(exchange);
  ResponseHead response{.status = 404};
  response.fields.add("Content-Type", kPlainText);
  exchange.answer(std::move(response), "metrics are at /metrics\n");
}

// OpenMetrics only for whom it is better than plain text, as Prometheus says of itself.
void MetricsService::answer_metrics(Exchange& exchange) {
  constexpr MediaType kText{"text/plain", "0.0.4"};
  constexpr MediaType kOpenMetrics{"application/openmetrics-text", "1.0.0"};
  const Fields& fields = exchange.request().fields;
  const bool open = media_quality(fields, kOpenMetrics) > media_quality(fields, kText);
  const MediaType& type = open ? kOpenMetrics : kText;
  const auto format = open ? Exposition::Format::kOpenMetrics : Exposition::Format::kText;
  ResponseHead response{.status = 200};
  response.fields.add("Vary", "Accept");
  answer_page(exchange, std::move(response), metrics_page(metrics_, function_, format),
              fmt::format("{}; version={}; charset=utf-8", type.type, type.version));
}

void MetricsService::wait_for_drain(Exchange& exchange) {
  if (!exchange.request().reads()) return answer_page(exchange, 200, {});
  exchange.leave_unrecorded();  // platforms have less patience than a drain may take
  exchange.wait(std::make_unique<DrainPage>(exchange, drain_));
  drain_.prepare();
}

}  // namespace watchdog

#include "server/metrics_page.h"

#include <fmt/format.h>

#include <array>
#include <vector>

#include "base/log.h"
#include "base/version.h"
#include "server/process_figures.h"

namespace watchdog {

namespace {

using Type = Exposition::Type;

void add_requests(Exposition& page, const Metrics& metrics) {
  const std::vector<const Metrics::Requests*> all = metrics.requests();
  if (all.empty()) return;
  page.family(Type::kCounter, "http_requests", "Requests answered, by status code and method.");
  for (const auto* requests : all) page.sample(requests->labels(), requests->duration.count());
  page.family(Type::kHistogram, "http_request_duration_seconds",
              "Seconds from a request's head to the end of its answer.");
  for (const auto* requests : all) {
    page.histogram(requests->labels(), requests->duration, requests->exemplars.load());
  }
}

void add_denied(Exposition& page, const Metrics& metrics) {
  page.family(Type::kCounter, "fwatchdog_requests_denied",
              "Requests whose caller was refused, by the reason.");
  for (const Denial& denial : kDenials) {
    const uint64_t count = metrics.denied[denial.number];
    if (count != 0) page.sample(fmt::format("reason=\"{}\"", denial.word), count);
  }
}

void add_queue(Exposition& page, const Metrics& metrics) {
  page.gauge("http_requests_in_flight", "Requests now being answered.",
             metrics.requests_in_flight.load());
  page.gauge("fwatchdog_requests_queued", "Requests now waiting for one of max_inflight slots.",
             metrics.requests_queued.load());
  page.histogram("fwatchdog_queue_seconds", "Seconds that requests waited for a slot.",
                 metrics.queue_seconds);
  page.counter("fwatchdog_queue_timeouts", "Requests that waited for a slot until queue_timeout.",
               metrics.queue_timeouts.load());
}

void add_starts(Exposition& page, const Metrics& metrics) {
  constexpr std::array<std::string_view, 3> kKinds = {"cold", "spare", "zygote"};
  page.histogram("fwatchdog_spawn_seconds", "Seconds it took to start a process of the function.",
                 metrics.spawn_seconds);
  page.counter("fwatchdog_spawn_failures", "Processes of the function that could not be started.",
               metrics.spawn_failures.load());
  page.family(Type::kCounter, "fwatchdog_starts",
              "Processes started for requests, by what they came from.");
  for (size_t i = 0; i < kKinds.size(); ++i) {
    page.sample(fmt::format("kind=\"{}\"", kKinds[i]), metrics.starts[i].load());
  }
  page.family(Type::kCounter, "fwatchdog_warm_fallbacks",
              "Requests that had a cold start although warm_start is set, by the reason.");
  for (const FallbackWord& row : kFallbackWords) {
    const uint64_t count = metrics.fallbacks[static_cast<size_t>(row.fallback)];
    if (count != 0) page.sample(fmt::format("reason=\"{}\"", row.word), count);
  }
  page.counter("fwatchdog_template_restarts",
               "Times that a process which waited for requests was gone and started again.",
               metrics.template_restarts.load());
}

enum class InstanceState { kReady, kHung, kStarting, kStopping, kGone };

InstanceState state_of(const Instance& instance) {
  switch (instance.state.load(std::memory_order_acquire)) {
    case Instance::State::kReady:
      if (instance.asked_to_end) return InstanceState::kStopping;
      return instance.hung() ? InstanceState::kHung : InstanceState::kReady;
    case Instance::State::kComing:
      return InstanceState::kStarting;
    case Instance::State::kGone:
      break;
  }
  return InstanceState::kGone;
}

void add_instances(Exposition& page, const Metrics& metrics, const FunctionState& function) {
  constexpr std::array<std::string_view, 5> kWords = {"ready", "hung", "starting", "stopping",
                                                      "gone"};
  page.histogram("fwatchdog_cold_start_seconds",
                 "Seconds from starting a server of the function until it was ready.",
                 metrics.cold_start_seconds);
  page.counter("fwatchdog_restarts",
               "Times that the function's server was started again after it had ended.",
               metrics.restarts.load());
  std::array<uint64_t, kWords.size()> counts{};
  for (const Instance& instance : function.instances()) {
    ++counts[static_cast<size_t>(state_of(instance))];
  }
  page.family(Type::kGauge, "fwatchdog_instances",
              "Servers of the function that are kept warm, by their state.");
  for (size_t i = 0; i < kWords.size(); ++i) {
    page.sample(fmt::format("state=\"{}\"", kWords[i]), counts[i]);
  }
}

void add_responses(Exposition& page, const Metrics& metrics) {
  page.counter("fwatchdog_exec_timeouts", "Requests whose function was stopped at exec_timeout.",
               metrics.exec_timeouts.load());
  page.histogram("fwatchdog_first_byte_seconds",
                 "Seconds from a request's head to the head of the function's response.",
                 metrics.first_byte_seconds);
  page.counter("fwatchdog_received_bytes", "Bytes of the bodies of requests.",
               metrics.received_bytes.load());
  page.counter("fwatchdog_sent_bytes", "Bytes of the bodies of responses.",
               metrics.sent_bytes.load());
}

}  // namespace

std::string metrics_page(const Metrics& metrics, const FunctionState& function,
                         Exposition::Format format) {
  Exposition page(format);
  add_requests(page, metrics);
  add_denied(page, metrics);
  add_queue(page, metrics);
  add_starts(page, metrics);
  add_instances(page, metrics, function);
  add_responses(page, metrics);
  page.counter("fwatchdog_log_lines_dropped",
               "Log lines dropped because nobody read this watchdog's output.",
               log::dropped_lines());
  page.counter("fwatchdog_spans_dropped",
               "Spans of requests that the collector of traces did not take in time.",
               metrics.spans_dropped.load());
  page.family(Type::kGauge, "fwatchdog_build_info", "Always 1; the version is in the label.");
  page.sample(fmt::format("version=\"{}\"", kVersion), 1);
  add_process_figures(page, metrics.start_time);
  return page.finish();
}

}  // namespace watchdog

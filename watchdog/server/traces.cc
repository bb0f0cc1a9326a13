#include "server/traces.h"

#include <string>
#include <vector>

#include "config/trace_config.h"

namespace watchdog {

namespace {

// What is wrong with them has been told before the start.
TraceSettings settings_of(const Config& config) {
  std::vector<std::string> errors;
  return trace_settings(config, errors);
}

}  // namespace

Traces::Traces(Loop& loop, const Config& config, FunctionState& function,
               std::atomic<uint64_t>& dropped)
    : loop_(loop),
      settings_(settings_of(config)),
      function_(function),
      queue_({.spans = settings_.most_waiting, .batch = settings_.most_in_batch}, dropped),
      exporter_(loop, settings_, queue_, dropped),
      tracer_(settings_.sampler, queue_) {}

void Traces::on_function_state() {
  for (Instance& instance : function_.instances()) {
    const Instance::State state = instance.state;
    if (state == Instance::State::kComing) {
      starting_.try_emplace(&instance, loop_.now());
      continue;
    }
    const auto started = starting_.find(&instance);
    if (started == starting_.end()) continue;
    const bool ready = state == Instance::State::kReady;
    const std::string why = ready ? std::string() : function_.why_gone();
    const Instant since = started->second;
    starting_.erase(started);
    if (!ready && why.empty()) continue;  // it was asked to end
    tracer_.add_start(instance.url, since, loop_.now(), why);
  }
}

bool Traces::sent() {
  exporter_.finish();
  return exporter_.finished();
}

}  // namespace watchdog

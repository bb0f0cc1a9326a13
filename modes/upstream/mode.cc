#include "modes/upstream/mode.h"

#include <utility>

#include "modes/upstream/invocation.h"
#include "server/upstream_probe.h"

namespace watchdog {

UpstreamMode::UpstreamMode(const ModeContext& context, UpstreamPool::MakeReader make_reader)
    : context_(context),
      probe_(context.loop, [this] { return make_probe(); }),
      state_(context.function, context.loop, [this] { on_function_state(); }) {
  for (Instance& instance : context.function.instances()) {
    backends_.emplace_back(context_, instance, make_reader);
  }
}

Backend* UpstreamMode::choose(const Backend* but_not) {
  const auto burden = [](const Backend& backend) {
    return std::pair(backend.instance.hung(), backend.instance.in_flight.load());
  };
  Backend* best = nullptr;
  ++next_;
  for (size_t i = 0; i < backends_.size(); ++i) {
    Backend& backend = backends_[(next_ + i) % backends_.size()];
    if (&backend == but_not || !backend.instance.ready()) continue;
    if (best == nullptr || burden(backend) < burden(*best)) best = &backend;
  }
  return best;
}

// A server may not end as long as somebody is connected: php-cgi does not.
void UpstreamMode::on_shutdown() {
  for (Backend& backend : backends_) backend.pool.clear();
}

std::unique_ptr<ReadinessProbe> UpstreamMode::readiness_probe() {
  if (context_.config.ready_path.empty() || choose() == nullptr) return nullptr;
  return probe_.asker();
}

std::unique_ptr<ReadinessProbe> UpstreamMode::make_probe() {
  // The one that was ready a moment ago may have ended since: asking any will tell.
  const Backend* const backend = choose();
  const Instance& instance = backend != nullptr ? backend->instance : backends_.front().instance;
  return std::make_unique<UpstreamProbe>(context_.loop, instance.addresses, instance.url,
                                         instance.authority, context_.config.ready_path);
}

void UpstreamMode::on_function_state() {
  for (Backend& backend : backends_) {
    if (!backend.instance.ready()) backend.pool.clear();
  }
  // Those that go on waiting do so at the end of a list of their own.
  const std::list<UpstreamInvocation*> told = waiting_;
  for (UpstreamInvocation* invocation : told) invocation->on_function_state();
}

}  // namespace watchdog

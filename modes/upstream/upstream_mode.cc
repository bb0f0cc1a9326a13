#include "modes/upstream/upstream_mode.h"

#include <utility>

#include "function/upstream_probe.h"
#include "modes/upstream/upstream_invocation.h"

namespace watchdog {

UpstreamMode::UpstreamMode(const ModeContext& context, UpstreamPool::MakeReader make_reader,
                           UpstreamPool::Spares spares)
    : context_(context),
      probe_(context.loop, [this] { return make_probe(); }),
      state_(context.function, context.loop, [this] { on_function_state(); }) {
  for (Instance& instance : context.function.instances()) {
    upstreams_.emplace_back(context_, instance, make_reader, spares);
  }
}

Upstream* UpstreamMode::choose(const Upstream* but_not) {
  const auto burden = [](const Upstream& upstream) {
    return std::pair(upstream.instance.hung(), upstream.instance.in_flight.load());
  };
  Upstream* best = nullptr;
  ++next_;
  for (size_t i = 0; i < upstreams_.size(); ++i) {
    Upstream& upstream = upstreams_[(next_ + i) % upstreams_.size()];
    if (&upstream == but_not || !upstream.instance.ready()) continue;
    if (best == nullptr || burden(upstream) < burden(*best)) best = &upstream;
  }
  return best;
}

// A server may not end as long as somebody is connected: php-cgi does not.
void UpstreamMode::release_idle() {
  for (Upstream& upstream : upstreams_) upstream.pool.clear();
}

std::unique_ptr<ReadinessProbe> UpstreamMode::readiness_probe() {
  if (context_.config.ready_path.empty() || choose() == nullptr) return nullptr;
  return probe_.asker();
}

std::unique_ptr<ReadinessProbe> UpstreamMode::make_probe() {
  // The one that was ready a moment ago may have ended since: asking any will tell.
  const Upstream* const upstream = choose();
  const Instance& instance = upstream != nullptr ? upstream->instance : upstreams_.front().instance;
  return std::make_unique<UpstreamProbe>(context_.loop, instance.addresses, instance.url,
                                         instance.authority, context_.config.ready_path);
}

void UpstreamMode::on_function_state() {
  for (Upstream& upstream : upstreams_) {
    if (!upstream.instance.ready()) upstream.pool.on_instance_ended();
  }
  // Those that go on waiting do so at the end of a list of their own.
  const std::list<UpstreamInvocation*> told = waiting_;
  for (UpstreamInvocation* invocation : told) invocation->on_function_state();
}

}  // namespace watchdog

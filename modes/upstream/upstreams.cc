#include "modes/upstream/upstreams.h"

#include <utility>

#include "function/upstream_probe.h"

namespace watchdog {

Upstreams::Upstreams(Loop& loop, const Config& config, FunctionState& function,
                     const UpstreamProtocol& protocol)
    : loop_(loop),
      config_(config),
      function_(function),
      protocol_(protocol),
      probe_(loop, [this] { return make_probe(); }),
      state_(function, loop, [this] { on_function_state(); }) {
  for (Instance& instance : function.instances()) {
    upstreams_.emplace_back(loop, instance, protocol, config.log_line_limit);
  }
}

Upstream* Upstreams::choose(const Upstream* excluded) {
  const auto burden = [](const Upstream& upstream) {
    return std::pair(upstream.instance.hung(), upstream.instance.in_flight.load());
  };
  Upstream* best = nullptr;
  ++next_;
  for (size_t i = 0; i < upstreams_.size(); ++i) {
    Upstream& upstream = upstreams_[(next_ + i) % upstreams_.size()];
    if (&upstream == excluded || !upstream.instance.ready()) continue;
    if (best == nullptr || burden(upstream) < burden(*best)) best = &upstream;
  }
  return best;
}

// Some servers, such as php-cgi, do not end as long as a client is connected.
void Upstreams::close_idle() {
  for (Upstream& upstream : upstreams_) upstream.pool.clear();
}

std::unique_ptr<ReadinessProbe> Upstreams::readiness_probe() {
  if (config_.ready_path.empty() || choose() == nullptr) return nullptr;
  return probe_.asker();
}

std::unique_ptr<ReadinessProbe> Upstreams::make_probe() {
  // The instance that was ready when asked for a probe may have ended since: any other shows it.
  const Upstream* const upstream = choose();
  const Instance& instance = upstream != nullptr ? upstream->instance : upstreams_.front().instance;
  return std::make_unique<UpstreamProbe>(loop_, instance.addresses, instance.url,
                                         instance.authority, config_.ready_path);
}

void Upstreams::on_function_state() {
  for (Upstream& upstream : upstreams_) {
    if (!upstream.instance.ready()) upstream.pool.on_instance_ended();
  }
  waiters_.take_all([](Waiter& waiter) { waiter.on_function_state(); });
}

}  // namespace watchdog

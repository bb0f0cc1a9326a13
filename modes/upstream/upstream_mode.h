#pragma once

#include <deque>
#include <list>
#include <memory>

#include "function/function_state.h"
#include "function/shared_probe.h"
#include "modes/upstream/connection_pool.h"
#include "server/mode.h"

namespace watchdog {

class UpstreamInvocation;

// One instance of the function's server, and this worker's connections to it.
struct Upstream {
  Upstream(const ModeContext& context, Instance& of, UpstreamPool::MakeReader make_reader,
           UpstreamPool::Spares spares)
      : instance(of), pool(context.loop, of, make_reader, spares, context.config.log_line_limit) {}
  Instance& instance;
  UpstreamPool pool;
};

// What the modes have in common that pass requests on to a server of the function's own, which the
// Supervisor keeps running, or to the one of several that has the least to do. While none is ready
// requests wait here, in the order in which they came.
class UpstreamMode : public Mode {
 public:
  UpstreamMode(const ModeContext& context, UpstreamPool::MakeReader make_reader,
               UpstreamPool::Spares spares);

  void release_idle() override;
  std::unique_ptr<ReadinessProbe> readiness_probe() override;
  const ModeContext& context() const { return context_; }

 private:
  friend class UpstreamInvocation;
  void on_function_state();
  std::unique_ptr<ReadinessProbe> make_probe();
  // The one that is ready and has the least to do, those that hang last; null when none but
  // `but_not` is ready.
  Upstream* choose(const Upstream* but_not = nullptr);

  const ModeContext context_;
  std::deque<Upstream> upstreams_;
  size_t next_ = 0;  // where to begin to look, so that equals take turns
  std::list<UpstreamInvocation*> waiting_;
  SharedProbe probe_;  // for /_/ready
  FunctionState::Observer state_;
};

}  // namespace watchdog

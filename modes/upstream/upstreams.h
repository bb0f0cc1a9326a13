#pragma once

#include <deque>
#include <memory>

#include "base/wait_list.h"
#include "config/config.h"
#include "function/function_state.h"
#include "function/shared_probe.h"
#include "modes/upstream/connection_pool.h"
#include "modes/upstream/upstream_protocol.h"
#include "process/readiness_probe.h"

namespace watchdog {

// One instance of the function's server as one worker sees it, with that worker's connections.
// Owned by the worker's Upstreams. `of` and `protocol` outlive it.
struct Upstream {
  Upstream(Loop& loop, Instance& of, const UpstreamProtocol& protocol, size_t longest_log_line)
      : instance(of), pool(loop, of, protocol, longest_log_line) {}
  Instance& instance;
  ConnectionPool pool;
};

// The instances of the function's server that a worker can choose from, and the requests that wait
// until one of them is ready. Owned by a mode, used on the loop of its worker.
class Upstreams {
 public:
  // A request that waits. Called on the loop of the worker.
  class Waiter {
   public:
    // The function's state has changed. It waits no more, unless it asks for another place.
    virtual void on_function_state() = 0;

   protected:
    ~Waiter() = default;
  };
  using Place = WaitList<Waiter>::Place;

  // All of these outlive it.
  Upstreams(Loop& loop, const Config& config, FunctionState& function,
            const UpstreamProtocol& protocol);

  const Config& config() const { return config_; }
  FunctionState& function() { return function_; }
  const UpstreamProtocol& protocol() const { return protocol_; }
  size_t size() const { return upstreams_.size(); }

  // Returns the ready instance with the fewest requests in flight, hung ones last; equals take
  // turns. Never `excluded`. Null if there is none.
  Upstream* choose(const Upstream* excluded = nullptr);
  // Waits until the function's state changes, behind those that wait already. Destroying the place
  // gives the wait up.
  [[nodiscard]] Place wait(Waiter& waiter) { return waiters_.join(waiter); }

  // Closes the idle connections to every instance.
  void close_idle();
  // Returns the probe for /_/ready; null when no instance is ready, or there is no ready_path.
  std::unique_ptr<ReadinessProbe> readiness_probe();

 private:
  void on_function_state();
  std::unique_ptr<ReadinessProbe> make_probe();

  Loop& loop_;
  const Config& config_;
  FunctionState& function_;
  const UpstreamProtocol& protocol_;
  std::deque<Upstream> upstreams_;
  size_t next_ = 0;  // where choose() begins, so that equals take turns
  WaitList<Waiter> waiters_;
  SharedProbe probe_;
  FunctionState::Observer state_;
};

}  // namespace watchdog

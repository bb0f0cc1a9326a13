#pragma once

#include <deque>
#include <list>
#include <memory>
#include <string>

#include "modes/upstream.h"
#include "server/function_state.h"
#include "server/mode.h"

namespace watchdog {

class HttpInvocation;

// One instance of the function's server, and this worker's idle connections to it.
struct Backend {
  Backend(Loop& loop, Instance& of) : instance(of), pool(loop, of.addresses) {}
  Instance& instance;
  UpstreamPool pool;
};

// Passes every request on to the function's own HTTP server, which the Supervisor keeps running,
// or to the one of several that has the least to do. While none is ready requests wait here, in the
// order in which they came.
class HttpMode final : public Mode {
 public:
  explicit HttpMode(const ModeContext& context);

  std::unique_ptr<Invocation> invoke(Exchange& exchange) override;
  std::unique_ptr<ReadinessProbe> readiness_probe() override;

 private:
  friend class HttpInvocation;
  void on_function_state();
  // The one that is ready and has the least to do, those that hang last; null when none but
  // `but_not` is ready.
  Backend* choose(const Backend* but_not = nullptr);

  const ModeContext context_;
  std::deque<Backend> backends_;
  size_t next_ = 0;  // where to begin to look, so that equals take turns
  std::list<HttpInvocation*> waiting_;
  FunctionState::Listener state_;
};

std::unique_ptr<Mode> make_http_mode(const ModeContext& context);

}  // namespace watchdog

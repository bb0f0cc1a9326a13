#pragma once

#include <list>
#include <memory>
#include <string>

#include "modes/upstream.h"
#include "server/function_state.h"
#include "server/mode.h"
#include "server/upstream_url.h"

namespace watchdog {

class HttpInvocation;

// Passes every request on to the function's own HTTP server, which the Supervisor keeps running.
// While that is not ready requests wait here, in the order in which they came.
class HttpMode final : public Mode {
 public:
  HttpMode(const ModeContext& context, UpstreamUrl url, std::vector<SocketAddress> addresses);

  std::unique_ptr<Invocation> invoke(Exchange& exchange) override;
  std::unique_ptr<ReadinessProbe> readiness_probe() override;
  void on_exec_timeout() override { context_.function.note_timeout(); }

 private:
  friend class HttpInvocation;
  void on_function_state();

  const ModeContext context_;
  const UpstreamUrl url_;
  const std::string authority_;
  const std::vector<SocketAddress> addresses_;
  UpstreamPool pool_;
  std::list<HttpInvocation*> waiting_;
  FunctionState::Listener state_;
};

std::unique_ptr<Mode> make_http_mode(const ModeContext& context);

}  // namespace watchdog

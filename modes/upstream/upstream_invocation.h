#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "function/function_state.h"
#include "modes/gateway/accel_root.h"
#include "modes/upstream/upstream_connection.h"
#include "modes/upstream/upstream_request.h"
#include "modes/upstream/upstreams.h"
#include "net/timer.h"
#include "server/exchange.h"
#include "server/mode.h"

namespace watchdog {

// One request on its way to the function's server and the response on the way back, in any
// protocol. Used on the loop of its worker. It is in one of four states; the member in the second
// column is set in that state:
//
//   collecting  nothing yet  the body is not complete, and the protocol cannot send it in parts
//   waiting     waiting_     no instance is ready; one is starting, or will be started again
//   connecting  awaiting_    an instance's pool owes it a connection
//   passing     connection_  the request is being sent, or the response received
//
//   (start) --the protocol wants the body collected--> collecting --body complete--> ready?
//   (start) -------------------------------------------------------------------> ready?
//   ready? --an instance is ready, and has an idle connection--> passing
//   ready? --an instance is ready----------------------------> connecting
//   ready? --one is starting--> waiting
//   ready? --none will be back--> (failed)
//   waiting --the function's state has changed--> ready?
//   waiting --startup_timeout, or the watchdog stops--> (failed)
//   connecting --the pool has a connection--> passing
//   connecting --refused, and another instance is ready--> connecting there (sent elsewhere)
//   connecting --refused, and the instance has ended--> ready? (waiting again)
//   connecting --refused--> connecting, for as long as it would wait at the start
//   connecting --startup_timeout, or nothing to connect to--> (failed)
//   passing --the connection breaks, and the request may be sent again: UpstreamRequest-->
//             connecting to another instance, or to the same one, on a new connection
//   passing --the connection breaks--> (failed)
//   passing --the response ends--> (gone)
//   passing --the response is a local redirect, or names a file--> (gone), others respond
//
// A request whose connection broke when a server had probably read it never waits again, as it may
// have been what ended that server.
class UpstreamInvocation final : public Invocation,
                                 private Upstreams::Waiter,
                                 private UpstreamConnection::Handler,
                                 private ConnectionPool::Waiter {
 public:
  // Begins at once. `call` is the script that responds, in FastCGI. `accel_root` has the files that
  // a response may name in place of a body; null where no response may. `upstreams`, `exchange`
  // and `accel_root` outlive this.
  UpstreamInvocation(Upstreams& upstreams, Exchange& exchange,
                     std::optional<Application::Call> call = {}, AccelRoot* accel_root = nullptr);
  ~UpstreamInvocation() override;

  void on_body(std::string_view bytes) override;
  void on_body_end() override;
  void on_response_drained() override;
  void on_stopping() override;
  void on_exec_timeout() override;

 private:
  // Upstreams::Waiter
  void on_function_state() override;

  // ConnectionPool::Waiter
  bool takes_used() const override { return !request_.needs_new_connection(); }
  void on_connection(std::unique_ptr<UpstreamConnection> connection) override;
  void on_refused(int error) override;
  void on_unreachable(int error) override;

  // UpstreamConnection::Handler
  void on_response_head(const UpstreamResponse& head) override;
  void on_response_body(std::string_view bytes) override;
  void on_response_end(std::string_view trailers) override;
  void on_upstream_failed(Failure failure, std::string_view what) override;
  void on_upstream_drained() override;

  // Connects, waits or fails, depending on the function's state ("ready?" above).
  void proceed();
  void wait();
  // Fails the request: no instance is left, and none will be started.
  void fail_after_the_end();
  void on_not_ready_in_time();
  void connect_to(Upstream& upstream);
  void await_connection();
  void stop_awaiting();
  void fail_refused(int error);
  void begin_sending();
  void pause_upload();
  void resume_upload();
  void pass_on_interim(const ResponseHead& response);
  void on_switched(const UpstreamResponse& head);
  bool may_reuse_connection() const;
  void drop_connection();
  void fail_request(Failure failure, std::string_view what);
  void fail_request(const UpstreamRequest::Problem& problem) {
    fail_request(problem.failure, problem.detail);
  }

  Upstreams& upstreams_;
  Exchange& exchange_;
  AccelRoot* const accel_root_;
  UpstreamRequest request_;
  Upstreams::Place waiting_;
  Upstream* upstream_ = nullptr;        // the last one that was chosen
  ConnectionPool* awaiting_ = nullptr;  // the pool in whose queue this waits
  std::unique_ptr<UpstreamConnection> connection_;
  std::optional<InFlight> in_flight_;
  std::unique_ptr<AccelResponse> accel_;  // when the head has named a file
  size_t refusals_ = 0;
  int refused_ = 0;            // the errno of the last refusal
  Timer ready_deadline_;       // while the function is not ready, or refuses connections
  bool sent_ = false;          // its head has been sent, to any instance
  bool continue_due_ = false;  // the server may still say 100 Continue
  bool tunnel_ = false;
};

}  // namespace watchdog

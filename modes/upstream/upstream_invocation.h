#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "function/function_state.h"
#include "modes/gateway/accel_root.h"
#include "modes/upstream/upstream_connection.h"
#include "modes/upstream/upstream_mode.h"
#include "net/timer.h"
#include "server/exchange.h"
#include "server/mode.h"
#include "server/spool.h"

namespace watchdog {

// One request on its way to the function's server and its answer on the way back. The protocols
// derive from it and say how a request is put into bytes.
//
//   waiting --the function is ready--> connecting --connected--> passing --answer complete--> (gone)
//   connecting --refused, and it is known to have ended--> waiting
//   connecting --refused--> connecting, for as long as it would wait at the start
//   passing --it broke off before an answer, and may be sent again--> connecting
//
// A body that the protocol cannot send without its length is collected before connecting.
class UpstreamInvocation : public Invocation,
                           private UpstreamConnection::Handler,
                           private UpstreamPool::Waiter {
 public:
  UpstreamInvocation(UpstreamMode& mode, Exchange& exchange);
  ~UpstreamInvocation() override;

  // Call once.
  void start();
  // Whether the body must be complete before any of it can be sent.
  virtual bool collects() const = 0;
  // The function's state has changed.
  void on_function_state();

  void on_body(std::string_view bytes) final;
  void on_body_end() final;
  void on_response_drained() final;
  void on_stopping() final;
  void on_exec_timeout() final;

 protected:
  // The most bytes of a body that one frame takes.
  static constexpr size_t kMostInFrame = 65535;
  struct Frame {
    std::string before;
    std::string_view after;
  };

  const Exchange& exchange() const { return exchange_; }
  // For a destructor: sends the last words of a request that is given up half way, if it is.
  void give_up(std::string_view last_words) {
    if (connection_) connection_->give_up(last_words);
  }
  // Which of its connection's requests it is, from 1.
  uint64_t request_number() const { return connection_ ? connection_->requests() : 1; }
  const Config& config() const { return mode_.context().config; }

 private:
  // Appends everything up to the body. `collected`: the length of one that was collected. Returns
  // why the request cannot be put into this protocol (431), if it cannot; then nothing is sent.
  virtual std::optional<std::string> append_request(std::string& out, const Instance& instance,
                                                    const uint64_t* collected) const = 0;
  // What surrounds `size` bytes of the body.
  virtual Frame frame(size_t size) const = 0;
  virtual std::string body_end() const = 0;
  // The target that a local Location names (RFC 3875 6.2.2), as a client would have sent it to us.
  virtual std::string local_target(std::string_view location) const {
    return std::string(location);
  }
  // Whose files an answer may name in place of a body; null: none.
  virtual AccelRoot* accel_root() { return nullptr; }
  // Whether the connection should be kept for other requests.
  virtual bool may_keep(const Upstream&) const { return true; }

  void proceed();
  // No instance is left, and none will be started.
  void fail_after_the_end();
  void wait();
  void stop_waiting();
  void connect();
  void connect_to(Upstream& upstream);
  void use(Upstream& upstream);
  void await_connection();
  void stop_awaiting();
  void on_not_ready_in_time();
  void fail_refused(int error);
  void begin_sending();
  bool send_head();
  void keep(std::string_view bytes);
  void send_body(std::string_view bytes);
  void send_body_end();
  void send_collected();
  void pause_upload();
  void resume_upload();
  void pass_on_interim(const ResponseHead& response);
  void on_switched(const UpstreamResponse& head);
  bool request_sent() const;
  bool may_reuse_connection() const;
  bool may_send_again() const;
  void drop_connection();
  void fail_request(Failure failure, std::string_view what);

  // UpstreamPool::Waiter
  bool takes_used() const override { return !needs_new_connection_; }
  void on_connection(std::unique_ptr<UpstreamConnection> connection) override;
  void on_refused(int error) override;
  void on_unreachable(int error) override;

  // UpstreamConnection::Handler
  void on_response_head(const UpstreamResponse& head) override;
  void on_response_body(std::string_view bytes) override;
  void on_response_end(std::string_view trailers) override;
  void on_upstream_failed(Failure failure, std::string_view what) override;
  void on_upstream_drained() override;

  UpstreamMode& mode_;
  Exchange& exchange_;
  std::optional<std::list<UpstreamInvocation*>::iterator> waiting_;
  Upstream* upstream_ = nullptr;      // once there was one
  UpstreamPool* awaiting_ = nullptr;  // that owes us a connection
  std::optional<InFlight> in_flight_;
  std::unique_ptr<AccelResponse> accel_;  // when the head has named a file
  size_t refusals_ = 0;
  int refused_ = 0;       // the last one's errno
  Timer ready_deadline_;  // while the function is not ready, or refuses connections
  std::unique_ptr<UpstreamConnection> connection_;
  std::string kept_;  // the body's beginning, as it may have to be sent again
  Spool collected_;
  uint64_t collected_sent_ = 0;
  uint64_t body_passed_ = 0;  // bytes of a body that is not collected
  bool collecting_ = false;
  bool sent_ = false;                  // to whichever instance
  bool continue_due_ = false;          // the server may still say 100 Continue
  bool needs_new_connection_ = false;  // one that was used before has failed already
  unsigned sent_again_ = 0;            // times that a new connection has failed
  std::string broken_;  // what broke off when the server had read the request; empty: nothing did
  bool body_complete_ = false;
  bool tunnel_ = false;
};

}  // namespace watchdog

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"
#include "modes/upstream/upstream_connection.h"
#include "modes/upstream/upstream_protocol.h"
#include "server/exchange.h"
#include "server/failure.h"
#include "server/spool.h"

namespace watchdog {

// A client's request as it is sent to the function's server, and sent again if need be. For that it
// keeps the body: all of one that the protocol wants collected, else one of up to kMostKept bytes.
// Owned by its invocation, used on the loop of its worker.
class UpstreamRequest {
 public:
  static constexpr size_t kMostKept = 32 * 1024;  // bytes
  // How often a request is sent again when a new connection breaks: once, as this request may have
  // been what ended the server, and more often where the server has probably not read it.
  static constexpr unsigned kMostSentAgain = 1;
  static constexpr unsigned kMostSentAgainUnread = 3;

  // Why the request cannot be sent, for Exchange::fail().
  struct Problem {
    Failure failure;
    std::string detail;
  };
  // How the connection broke over which the request had been sent.
  struct Break {
    bool was_used = false;          // an earlier request had used it
    bool response_begun = false;    // a byte of the response had come
    bool was_reset = false;         // as UpstreamConnection::was_reset()
    bool nothing_received = false;  // the server has provably not had a byte of the request
  };

  // `call` is the script that responds, in FastCGI. All else outlives this.
  UpstreamRequest(const UpstreamProtocol& protocol, Exchange& exchange, const Config& config,
                  std::optional<Application::Call> call);

  // Whether the body must be complete before any of it is sent.
  bool collects() const { return collects_; }
  // Returns the target that a local Location names (RFC 3875 6.2.2), as a client would send it.
  std::string local_target(std::string_view location) const;

  // The next piece of the body has come. It is sent over `connection`, if that is not null and the
  // body is not collected. Returns why the request cannot be sent; nothing where it can.
  std::optional<Problem> on_body(std::string_view bytes, UpstreamConnection* connection);
  void on_body_end(UpstreamConnection* connection);

  // Sends the head over a connection, then as much of the body as has come; of a collected one as
  // much as the connection takes. Each returns why it cannot be sent; nothing where it can.
  std::optional<Problem> send_head(UpstreamConnection& connection, const Instance& instance) const;
  std::optional<Problem> send_body(UpstreamConnection& connection);
  // Goes on where send_body() stopped. To be called when the connection has drained.
  std::optional<Problem> send_collected(UpstreamConnection& connection);
  // Whether the whole request has been sent.
  bool sent() const;

  // Whether it may be sent again after this break.
  bool may_send_again(const Break& end) const;
  // It will be sent again after this break. `what` broke is for people.
  void note_break(const Break& end, std::string_view what);
  // Whether it must be sent over a connection that no other request has used.
  bool needs_new_connection() const { return needs_new_connection_; }
  // What broke when a server had probably read the request; empty where nothing has.
  const std::string& broken() const { return broken_; }

 private:
  OutgoingRequest outgoing(const UpstreamConnection& connection) const;
  void keep(std::string_view bytes);
  void send_pieces(UpstreamConnection& connection, std::string_view bytes) const;
  void send_end(UpstreamConnection& connection) const;

  const UpstreamProtocol& protocol_;
  const Exchange& exchange_;
  const Config& config_;
  const std::optional<Application::Call> call_;
  const bool collects_;
  std::string kept_;        // all that has come of the body, or nothing of it
  uint64_t body_size_ = 0;  // bytes that have come of a body that is not collected
  Spool collected_;
  uint64_t collected_sent_ = 0;
  bool body_complete_ = false;
  bool needs_new_connection_ = false;
  unsigned sent_again_ = 0;  // because a new connection broke
  std::string broken_;
};

}  // namespace watchdog

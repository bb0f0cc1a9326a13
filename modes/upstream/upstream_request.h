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

// A client's request, as it is sent to the function's server, again if need be. Keeps what of the
// body that takes: all of one that the protocol wants collected, else the first kMostKept bytes.
// Owned by its invocation.
class UpstreamRequest {
 public:
  static constexpr size_t kMostKept = 32 * 1024;
  // How often a request is sent again when a new connection breaks off: once, as it may have been
  // this request that ended the server, and more often where the server has probably not read it.
  static constexpr unsigned kMostSentAgain = 1;
  static constexpr unsigned kMostSentAgainUnread = 3;

  // Why the request cannot be sent, for Exchange::fail().
  struct Problem {
    Failure failure;
    std::string detail;
  };
  // How a connection broke off that the request had been sent over.
  struct Break {
    bool was_used;          // an earlier request had used it
    bool answered;          // a byte of the response had come
    bool was_reset;         // as UpstreamConnection::was_reset()
    bool nothing_received;  // the server has provably not had a byte of the request
  };

  // `call`: the script that is to answer, in FastCGI.
  UpstreamRequest(const UpstreamProtocol& protocol, Exchange& exchange, const Config& config,
                  std::optional<Application::Call> call);

  // Whether all of the body must have come before any of it can be sent.
  bool collects() const { return collects_; }
  // The target that a local Location names (RFC 3875 6.2.2), as a client would have sent it.
  std::string local_target(std::string_view location) const;

  // The next piece of the body has come. It is sent over `connection`, where there is one, unless
  // it is collected.
  std::optional<Problem> on_body(std::string_view bytes, UpstreamConnection* connection);
  void on_body_end(UpstreamConnection* connection);

  // Sends the head over a connection, and then what has come of the body, or, of one that was
  // collected, as much as the connection takes.
  std::optional<Problem> send_head(UpstreamConnection& connection, const Instance& instance) const;
  std::optional<Problem> send_body(UpstreamConnection& connection);
  // Goes on where send_body() stopped, as the connection has drained.
  std::optional<Problem> send_collected(UpstreamConnection& connection);
  // Whether all of it has been sent.
  bool sent() const;

  // Whether it may be sent again after this.
  bool may_send_again(const Break& end) const;
  // It will be sent again after this; `what` broke is for people.
  void note_break(const Break& end, std::string_view what);
  // Whether it must not be sent again over a connection that others have used.
  bool needs_new_connection() const { return needs_new_connection_; }
  // What broke off when a server had probably read the request; empty: nothing did.
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
  std::string kept_;        // the body's beginning, as it may have to be sent again
  uint64_t body_size_ = 0;  // of what has come of a body that is not collected
  Spool collected_;
  uint64_t collected_sent_ = 0;
  bool body_complete_ = false;
  bool needs_new_connection_ = false;
  unsigned sent_again_ = 0;  // times that a new connection has failed
  std::string broken_;
};

}  // namespace watchdog

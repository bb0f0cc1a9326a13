#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <optional>

#include "base/fd.h"
#include "net/connection_balancer.h"
#include "net/listener.h"
#include "server/connection.h"
#include "server/exchange.h"
#include "server/service.h"

namespace watchdog {

// A listening socket and its connections, whose requests one Service answers. Owned by a Worker, or
// by the Watchdog for the metrics port.
class Server {
 public:
  // `balancer` is shared by all servers that accept from the same socket. `spares` is the number of
  // connections that the server can accept when no descriptor is left; as many of its newest ones
  // are not closed to free a descriptor.
  Server(const ServerContext& context, Service& service, Fd socket, ConnectionBalancer& balancer,
         size_t spares = 0);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  const ServerContext& context() const { return context_; }
  Service& service() { return service_; }

  // Lets no new connection begin. Closes the listener and the idle connections once those have been
  // accepted whose handshake has begun. Requests under way go on.
  void stop_accepting();
  bool accepting() const { return listener_.has_value(); }
  // Asks the function of every request under way to finish.
  void on_stopping();
  // Answers every request under way with 503.
  void abort();
  size_t connections() const { return connections_.size(); }
  // Has `call` run whenever the last connection has gone, or the listener while there is none.
  void on_empty(std::function<void()> call) { on_empty_ = std::move(call); }

 private:
  friend class Connection;
  // Moves the connection to the front: it has just begun to wait for a request.
  void note_waiting(Connection& connection);
  bool close_longest_waiting();
  void add(Fd socket, const PeerAddress& peer);
  // Destroys the connection at the end of the turn. Calling it again changes nothing.
  void remove(Connection& connection);
  void close_listener();

  const ServerContext& context_;
  Service& service_;
  ConnectionBalancer::Member balance_;
  const size_t spares_;
  const int first_reserved_ = first_reserved_descriptor();
  std::optional<Listener> listener_;
  Timer wind_down_;
  // Those that wait for a request in the order in which they began to, the longest wait last.
  std::list<std::unique_ptr<Connection>> connections_;
  Deferred refill_spares_;
  DescriptorReclaimer reclaimer_;
  std::function<void()> on_empty_;
};

}  // namespace watchdog

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

// A listening socket and its connections, all answered by one Service. Owned by a Worker, or by
// main for the metrics port.
class Server {
 public:
  // `balancer`: of all servers that accept from the same socket.
  // `spares`: how many connections it can have when no descriptor is left; its newest ones, as many,
  // are not given up for others.
  Server(const ServerContext& context, Service& service, Fd socket, ConnectionBalancer& balancer,
         size_t spares = 0);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  const ServerContext& context() const { return context_; }
  Service& service() { return service_; }

  // Lets no new connection begin; when those that are on their way have come, closes the listener
  // and idle connections. Requests under way go on.
  void stop_accepting();
  bool accepting() const { return listener_.has_value(); }
  // Asks the function of every request under way to finish.
  void on_stopping();
  // Answers every request under way with 503.
  void abort();
  size_t connections() const { return connections_.size(); }
  // `call` runs whenever the last connection has gone, or the listener with none left.
  void on_empty(std::function<void()> call) { on_empty_ = std::move(call); }

 private:
  friend class Connection;
  // Moves it to the front: it is the one that has most lately begun to wait for a request.
  void note_waiting(Connection& connection);
  bool close_longest_waiting();
  void add(Fd socket, const PeerAddress& peer);
  // Destroys the connection at the end of the turn; calling it again changes nothing.
  void remove(Connection& connection);
  void close_listener();

  const ServerContext& context_;
  Service& service_;
  ConnectionBalancer::Member balance_;
  const size_t spares_;
  const int first_reserved_ = first_reserved_descriptor();
  std::optional<Listener> listener_;
  Timer wind_down_;
  // By how long they have waited for a request, if they do; the longest last.
  std::list<std::unique_ptr<Connection>> connections_;
  Deferred refill_spares_;
  DescriptorReclaimer reclaimer_;
  std::function<void()> on_empty_;
};

}  // namespace watchdog

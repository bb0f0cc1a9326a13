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
  Server(const ServerContext& context, Service& service, Fd socket, ConnectionBalancer& balancer);
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
  void shut_down();
  // Answers every request under way with 503.
  void abort();
  size_t connections() const { return connections_.size(); }
  // `call` runs whenever the last connection has gone, or the listener with none left.
  void on_empty(std::function<void()> call) { on_empty_ = std::move(call); }

 private:
  friend class Connection;
  void add(Fd socket, const PeerAddress& peer);
  // Destroys the connection at the end of the turn; calling it again changes nothing.
  void remove(Connection& connection);
  void close_listener();

  const ServerContext& context_;
  Service& service_;
  ConnectionBalancer::Member balance_;
  std::optional<Listener> listener_;
  Timer wind_down_;
  std::list<std::unique_ptr<Connection>> connections_;
  std::function<void()> on_empty_;
};

}  // namespace watchdog

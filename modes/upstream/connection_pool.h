#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <optional>

#include "function/function_state.h"
#include "modes/upstream/upstream_connection.h"
#include "modes/upstream/upstream_protocol.h"
#include "net/dial.h"
#include "net/timer.h"

namespace watchdog {

// The connections of one worker to one instance of the function's server. Owned by the worker's
// Upstream, used on the loop of its worker.
//
// A request that finds no idle connection waits here, first come, first served. It gets a
// connection that another request has finished with or a new one, whichever comes first. There are
// never more dials under way than requests that wait, never more than kMostDials, and only one
// while the server refuses. A new connection that comes too late for the request that caused it
// becomes idle. So a server whose accept queue is full gets no more connections than it accepts,
// and no request waits for a new connection while a used one is free.
//
// A server that refuses is dialed again until it takes a connection, as it is being restarted by us
// or by a master of its own. The waiting requests are told of each refusal.
//
// The idle connection that was used last is used next, so that the others can be closed. No idle
// connection is kept to a server that has once sent more than its responses.
class ConnectionPool {
 public:
  static constexpr size_t kMostConnections = 256;
  // How long a connection may be idle. It is shorter than the keep-alive timeout of every server
  // that we know (the shortest is 2 s), as a request may be lost whose connection the server closes
  // while it is on its way.
  static constexpr auto kMostIdle = std::chrono::seconds(1);

  // A request that waits for a connection. Called on the loop, never from inside await().
  class Waiter {
   public:
    virtual ~Waiter() = default;
    // Whether it takes a connection that other requests have used.
    virtual bool takes_used() const = 0;
    // Its connection. It waits no more.
    virtual void on_connection(std::unique_ptr<UpstreamConnection> connection) = 0;
    // The server takes no connection at the moment, with this errno. The waiter may call forget()
    // or go on waiting.
    virtual void on_refused(int error) = 0;
    // No connection can be made, with this errno. It waits no more.
    virtual void on_unreachable(int error) = 0;
  };

  // `loop`, `instance` and `protocol` outlive it; `longest_log_line` is in bytes.
  ConnectionPool(Loop& loop, Instance& instance, const UpstreamProtocol& protocol,
                 size_t longest_log_line);

  // How take() tells whether a connection is alive: it asks the kernel, which costs a system call,
  // or goes by what the loop has noticed. The latter does for a small request, which leaves only at
  // the end of the loop's round, when all that has happened before it has been noticed.
  enum class Liveness { kAskKernel, kAsNoticed };
  // Returns an idle connection that is still alive, or null.
  std::unique_ptr<UpstreamConnection> take(Liveness liveness);
  // Puts `waiter`, which outlives its wait, behind those that wait already.
  void await(Waiter& waiter);
  // Takes `waiter` out of the queue.
  void forget(Waiter& waiter);
  // The instance has ended. Closes the idle connections, and tells those that wait that it has
  // refused.
  void on_instance_ended();
  // Since when the server has refused every connection; nothing when it took the last one.
  std::optional<Instant> refusing_since() const { return refusing_since_; }

  // Keeps a connection whose request is over for another one, or closes it where it is not good for
  // that.
  void give_back(std::unique_ptr<UpstreamConnection> connection);
  // Closes a connection. It is destroyed at the end of this turn.
  void discard(std::unique_ptr<UpstreamConnection> connection);
  // Closes all idle connections.
  void clear();

 private:
  static constexpr size_t kMostDials = 16;
  static constexpr Duration kFirstRetry = std::chrono::milliseconds(10);
  static constexpr Duration kMostRetry = std::chrono::milliseconds(100);
  // For how long a refusal says something about the server.
  static constexpr Duration kRefusalCounts = std::chrono::seconds(10);

  struct Idle {
    std::unique_ptr<UpstreamConnection> connection;
    Instant since;
  };
  using Dials = std::list<std::unique_ptr<Dial>>;

  void dial_more();
  void dial();
  void on_dialed(Dials::iterator place, Fd socket, int error);
  void on_refused(int error);
  void tell_refused(int error);
  void give_up_dials();
  void serve(Waiter& waiter, std::unique_ptr<UpstreamConnection> connection);
  void keep(std::unique_ptr<UpstreamConnection> connection);
  std::unique_ptr<UpstreamConnection> adopt(Fd socket);
  UpstreamConnection::Peer peer() const;
  void note(const UpstreamConnection& connection);
  void drop(std::list<Idle>::iterator place);
  void drop_old();

  Loop& loop_;
  Instance& instance_;
  const UpstreamProtocol& protocol_;
  const size_t longest_log_line_;
  std::list<Waiter*> waiters_;
  Dials dials_;
  std::optional<Instant> refusing_since_;
  Instant refused_at_{};          // the last time
  Duration pause_ = kFirstRetry;  // before the next dial of a server that refuses
  Timer retry_;                   // armed while it refuses
  std::list<Idle> idle_;          // the oldest first
  Timer tidy_;                    // closes what has been idle for kMostIdle
};

}  // namespace watchdog

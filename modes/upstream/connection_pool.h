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

// The connections of one worker to one instance of the function's server.
//
// A request that finds none idle waits here, in order, and gets whichever comes first: a connection
// that another request has finished with, or a new one. There are never more dials under way than
// requests that wait, nor more than kMostDials, and one only while the server refuses; a new
// connection that comes too late for the request that caused it becomes idle. So a server whose
// accept queue is full gets no more connections than it accepts, and nobody waits for those while
// others are free.
//
// A server that refuses is asked again until it takes a connection: it is being restarted, by us or
// by a master of its own. The waiting requests are told each time.
//
// The idle connection that was used last is used next, so that the others can be closed. None is
// kept to a server that has once sent more than its answers.
class ConnectionPool {
 public:
  static constexpr size_t kMostConnections = 256;
  // Shorter than the keep-alive timeout of every server that we know, the shortest of which is 2 s:
  // a connection that is closed from the other end while a request is on its way is a request lost.
  static constexpr auto kMostRest = std::chrono::seconds(1);

  // A request that waits for a connection. Called from the loop, never from inside await().
  class Waiter {
   public:
    virtual ~Waiter() = default;
    // Whether a connection that others have used will do.
    virtual bool takes_used() const = 0;
    // It waits no more.
    virtual void on_connection(std::unique_ptr<UpstreamConnection> connection) = 0;
    // The server takes no connection at the moment, with this errno; it may forget() or go on
    // waiting.
    virtual void on_refused(int error) = 0;
    // No connection can be made. It waits no more.
    virtual void on_unreachable(int error) = 0;
  };

  // `instance` and `protocol` outlive it.
  ConnectionPool(Loop& loop, Instance& instance, const UpstreamProtocol& protocol,
                 size_t longest_log_line);

  // Whether it is worth a system call to ask a connection if it is still good. A small request
  // leaves at the end of the loop's round, by when we have heard of all that has happened before.
  enum class Liveness { kAskKernel, kAsNoticed };
  // An idle connection that is still alive, or null.
  std::unique_ptr<UpstreamConnection> take(Liveness liveness);
  // Puts `waiter` behind those that wait already.
  void await(Waiter& waiter);
  void forget(Waiter& waiter);
  // The instance has ended: those that wait are told as if it had refused, and what was idle is
  // closed.
  void on_instance_ended();
  // Since when the server has refused every connection; none when it took the last.
  std::optional<Instant> refusing_since() const { return refusing_since_; }

  // Keeps it for another request, if it is good for one.
  void give_back(std::unique_ptr<UpstreamConnection> connection);
  // Closes it; it is not destroyed before the end of this turn.
  void discard(std::unique_ptr<UpstreamConnection> connection);
  // Closes all that are idle.
  void clear();

 private:
  static constexpr size_t kMostDials = 16;
  static constexpr Duration kFirstRetry = std::chrono::milliseconds(10);
  static constexpr Duration kMostRetry = std::chrono::milliseconds(100);
  // A refusal that is older says nothing of today.
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
  Instant refused_at_{};  // the last time
  Duration pause_ = kFirstRetry;
  Timer retry_;           // while it refuses
  std::list<Idle> idle_;  // the oldest first
  Timer tidy_;
};

}  // namespace watchdog

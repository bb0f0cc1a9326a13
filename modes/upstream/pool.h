#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <span>

#include "modes/upstream/connection.h"
#include "net/address.h"
#include "net/dial.h"
#include "net/timer.h"

namespace watchdog {

// The idle connections of one worker to the function's server. The one that was used last is used
// next, so that the others can be closed.
class UpstreamPool {
 public:
  static constexpr size_t kMostConnections = 256;
  // Shorter than the patience of every server that we know, the shortest of which is 2 s: a
  // connection that is closed from the other end while a request is on its way is a request lost.
  static constexpr auto kMostRest = std::chrono::seconds(1);

  using MakeReader = std::unique_ptr<AnswerReader> (*)();

  // `addresses` outlive it.
  UpstreamPool(Loop& loop, std::span<const SocketAddress> addresses, MakeReader make_reader,
               size_t longest_log_line);

  // An idle connection that is still alive, or null.
  std::unique_ptr<UpstreamConnection> take();
  // Makes a new one.
  std::unique_ptr<Dial> dial(Dial::OnDone on_done);
  std::unique_ptr<UpstreamConnection> adopt(Fd socket);
  // Keeps it for another request, if it is good for one.
  void give_back(std::unique_ptr<UpstreamConnection> connection);
  // Closes all that are idle.
  void clear();
  size_t idle() const { return idle_.size(); }

 private:
  struct Idle {
    std::unique_ptr<UpstreamConnection> connection;
    Instant since;
  };

  void drop(std::list<Idle>::iterator place);
  void drop_old();

  Loop& loop_;
  const std::span<const SocketAddress> addresses_;
  const MakeReader make_reader_;
  const size_t longest_log_line_;
  std::list<Idle> idle_;  // the oldest first
  Timer tidy_;
};

}  // namespace watchdog

#pragma once

#include <cstddef>
#include <list>
#include <memory>

#include "modes/upstream/connection.h"
#include "net/dial.h"
#include "net/timer.h"
#include "server/function_state.h"

namespace watchdog {

// The idle connections of one worker to the function's server. The one that was used last is used
// next, so that the others can be closed. None is kept to a server that has once sent more than its
// answers.
class UpstreamPool {
 public:
  static constexpr size_t kMostConnections = 256;
  // Shorter than the patience of every server that we know, the shortest of which is 2 s: a
  // connection that is closed from the other end while a request is on its way is a request lost.
  static constexpr auto kMostRest = std::chrono::seconds(1);

  using MakeReader = std::unique_ptr<AnswerReader> (*)();

  // `instance` outlives it.
  UpstreamPool(Loop& loop, Instance& instance, MakeReader make_reader, size_t longest_log_line);

  // Whether it is worth a system call to ask a connection if it is still good. A small request
  // leaves at the end of the loop's round, by when we have heard of all that has happened before.
  enum class Asking { kNeeded, kNotNeeded };

  // An idle connection that is still alive, or null.
  std::unique_ptr<UpstreamConnection> take(Asking asking);
  // Makes a new one.
  std::unique_ptr<Dial> dial(Dial::OnDone on_done);
  std::unique_ptr<UpstreamConnection> adopt(Fd socket);
  // Keeps it for another request, if it is good for one.
  void give_back(std::unique_ptr<UpstreamConnection> connection);
  // Closes it; it is not destroyed before the end of this turn.
  void discard(std::unique_ptr<UpstreamConnection> connection);
  // Closes all that are idle.
  void clear();
  size_t idle() const { return idle_.size(); }

 private:
  struct Idle {
    std::unique_ptr<UpstreamConnection> connection;
    Instant since;
  };

  void drop(std::list<Idle>::iterator place);
  UpstreamConnection::Peer peer() const;
  void note(const UpstreamConnection& connection);
  void drop_old();

  Loop& loop_;
  Instance& instance_;
  const MakeReader make_reader_;
  const size_t longest_log_line_;
  std::list<Idle> idle_;  // the oldest first
  Timer tidy_;
};

}  // namespace watchdog

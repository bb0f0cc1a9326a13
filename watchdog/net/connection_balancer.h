#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "net/loop.h"
#include "net/peer_address.h"

namespace watchdog {

// Spreads the connections that several workers accept from one socket: the worker that accepts one
// passes it to the worker that has the fewest ("exact balance"). The kernel's own choice among
// several sockets (SO_REUSEPORT) is random, and open to every process of the same user.
//
// Owned by the Watchdog; it outlives its members, through which any thread may use it.
class ConnectionBalancer {
 public:
  using OnConnection = std::function<void(Fd, const PeerAddress&)>;

  // The part of one worker. Lives on its loop and is used on its thread only.
  class Member {
   public:
    // `on_connection` is called on `loop` for each connection that is given to this member, and
    // never after leave() has returned; `on_shed` is called when the worker should close a
    // connection that it can spare.
    Member(ConnectionBalancer& balancer, Loop& loop, OnConnection on_connection,
           std::function<void()> on_shed);
    ~Member();
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;

    // Gives a connection that has just been accepted to the member with the fewest. Calls
    // `on_connection` before it returns where that is this member.
    void assign(Fd socket, const PeerAddress& peer);
    // To be called when a connection of this member has ended.
    void release();
    // Has the member with the most connections close one that it can spare.
    void shed_one();
    // Takes the connections that are on their way to this member, and no more from then on.
    void leave();

   private:
    friend class ConnectionBalancer;
    struct Passed {
      Fd socket;
      PeerAddress peer;
    };

    void on_arrived();
    void take_passed();
    void resign();

    ConnectionBalancer& balancer_;
    OnConnection on_connection_;
    std::function<void()> on_shed_;
    size_t connections_ = 0;      // given to it, whether taken or not; under the balancer's mutex
    std::vector<Passed> passed_;  // by other members; under the same mutex
    size_t to_shed_ = 0;          // under the same mutex
    Wakeup arrived_;
  };

 private:
  std::mutex mutex_;
  std::vector<Member*> members_;
};

}  // namespace watchdog

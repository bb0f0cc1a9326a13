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

// Spreads the connections that several workers accept from one socket: whichever of them accepts
// one passes it to the worker that has the fewest ("exact balance"). The kernel's own choice among
// several sockets (SO_REUSEPORT) is random, and open to every process of the same user.
//
// Owned by main, outlives its members. May be used from any thread through its members.
class ConnectionBalancer {
 public:
  using OnConnection = std::function<void(Fd, const PeerAddress&)>;

  // One worker's part. Lives on the worker's loop and is used on its thread only.
  class Member {
   public:
    // `on_connection` is called on `loop` for each connection that is this member's, and never
    // after leave() has returned; `on_shed` when it should close one that it can spare.
    Member(ConnectionBalancer& balancer, Loop& loop, OnConnection on_connection,
           std::function<void()> on_shed);
    ~Member();
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;

    // Gives a connection that has just been accepted to the member with the fewest, inside this
    // call where that is this one.
    void assign(Fd socket, const PeerAddress& peer);
    // A connection of this member's has ended.
    void release();
    // Has the member with the most connections close one that it can spare.
    void shed_one();
    // Takes those that are on their way to it, and no more from then on.
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

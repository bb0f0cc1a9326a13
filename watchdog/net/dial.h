#pragma once

#include <functional>
#include <memory>
#include <span>

#include "base/fd.h"
#include "net/address.h"
#include "net/loop.h"
#include "net/watch.h"

namespace watchdog {

// Connects a socket to the first of some addresses that takes it. Destroying it gives up. There is
// no time limit: whoever waits has one.
class Dial {
 public:
  // `on_done` runs once, never inside the constructor: with the connected socket, or with none and
  // the errno of the last address. It may destroy the Dial only by way of Loop::retire.
  using OnDone = std::function<void(Fd socket, int error)>;
  Dial(Loop& loop, std::span<const SocketAddress> addresses, OnDone on_done);

 private:
  void try_next();
  void look();
  void settle(Fd socket, int error);

  Loop& loop_;
  std::span<const SocketAddress> addresses_;  // not tried yet
  OnDone on_done_;
  SocketAddress current_;
  std::unique_ptr<Watch> watch_;
  Fd connected_;
  int error_ = 0;
  Deferred report_;
};

}  // namespace watchdog

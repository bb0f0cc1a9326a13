#pragma once

#include <functional>
#include <memory>
#include <span>

#include "base/fd.h"
#include "net/address.h"
#include "net/loop.h"
#include "net/timer.h"
#include "net/watch.h"

namespace watchdog {

// Connects a socket to the first of some addresses that takes it. Destroying the Dial gives up. It
// has no time limit of its own: its owner sets one.
//
// A server of this machine whose accept queue is full is asked again every few milliseconds. The
// kernel alone would repeat the SYN after a second, while the queue has room again as soon as the
// server has accepted a connection; for a unix socket it returns EAGAIN and does nothing more.
class Dial {
 public:
  // `on_done` runs once, never inside the constructor: with the connected socket, or with none and
  // the errno of the last address. It may destroy the Dial only through Loop::retire().
  using OnDone = std::function<void(Fd socket, int error)>;
  // `addresses` outlive the Dial.
  Dial(Loop& loop, std::span<const SocketAddress> addresses, OnDone on_done);

  // Whether it waits for room in the server's accept queue.
  bool queue_full() const { return retry_.armed(); }

 private:
  static constexpr Duration kFirstPause = std::chrono::milliseconds(1);
  static constexpr Duration kMostPause = std::chrono::milliseconds(16);

  void try_addresses();
  int try_first();
  void ask_again_later();
  void look();
  void settle(Fd socket, int error);

  Loop& loop_;
  std::span<const SocketAddress> addresses_;  // the first is being tried
  OnDone on_done_;
  std::unique_ptr<Watch> watch_;
  Fd connected_;
  int error_ = 0;
  Duration pause_ = kFirstPause;
  Timer retry_;
  Deferred report_;
};

}  // namespace watchdog

#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "net/descriptors.h"
#include "net/loop.h"
#include "net/peer_address.h"
#include "net/timer.h"
#include "net/watch.h"

namespace watchdog {

// Accepts TCP connections from one socket, which is bound so that no other process can bind its
// port beside it: SO_REUSEPORT, which lets every process of the same user join, is never set.
// Several listeners, one per worker, may watch duplicates of it: the first that is free accepts.
class Listener {
 public:
  // Binds and listens. `address` is numeric, "localhost", or empty for every address, IPv6 included
  // where the machine has it. Port 0 picks a free one.
  static Result<Fd> bind(std::string_view address, uint16_t port);
  // Whether nobody listens on that port now.
  static bool is_free(std::string_view address, uint16_t port);

  using OnConnection = std::function<void(Fd, const PeerAddress&)>;
  // `spares`: how many connections it can accept when no descriptor is left.
  Listener(Loop& loop, Fd socket, OnConnection on_connection, size_t spares = 0);

  // Drops new SYNs (a socket filter) but still accepts connections whose handshake has begun;
  // closing at once would reset those. accept_waiting() after kHandshake takes the last of them.
  void wind_down();
  static constexpr auto kHandshake = std::chrono::milliseconds(100);
  // To be called when a connection that this accepted has been closed: its descriptor may be needed
  // for a spare.
  void refill_spares() { spares_.refill(); }
  // Accepts every connection that the kernel has already set up.
  void accept_waiting();

 private:
  // How long it waits for a descriptor to be freed rather than spin.
  static constexpr auto kPauseWhenFull = std::chrono::milliseconds(50);

  bool find_room(int error);

  Loop& loop_;
  OnConnection on_connection_;
  SpareDescriptors spares_;
  Watch watch_;
  Timer retry_;
  bool reported_ = false;
};

// Returns the port that a bound socket has.
uint16_t bound_port(int fd);

}  // namespace watchdog

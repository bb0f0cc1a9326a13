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

// One socket that accepts TCP connections, bound so that no other process can bind its port beside
// it: SO_REUSEPORT, which lets every process of the same user join, is never set. Several listeners,
// one per worker, may watch duplicates of it: whoever is free first accepts.
class Listener {
 public:
  // Binds and listens. `address` is numeric, "localhost", or empty for every address, IPv6 included
  // where the machine has it. `port` 0 picks one.
  static Result<Fd> bind(std::string_view address, uint16_t port);
  // Whether nobody listens on that port now.
  static bool is_free(std::string_view address, uint16_t port);

  using OnConnection = std::function<void(Fd, const PeerAddress&)>;
  // `spares`: how many connections it can accept when no descriptor is left.
  Listener(Loop& loop, Fd socket, OnConnection on_connection, size_t spares = 0);

  // Lets no new connection begin, while those that are being set up are still accepted. Closing
  // outright would reset them. kHandshake later, accept_waiting(), and nobody is lost.
  void wind_down();
  static constexpr auto kHandshake = std::chrono::milliseconds(100);
  // A connection that it accepted has been closed: it may have been the one for a spare.
  void refill_spares() { spares_.refill(); }
  // Takes every connection that the kernel has already set up.
  void accept_waiting();

 private:
  // Out of descriptors: wait for some to be freed rather than spin.
  static constexpr auto kPauseWhenFull = std::chrono::milliseconds(50);

  bool find_room(int error);

  Loop& loop_;
  OnConnection on_connection_;
  SpareDescriptors spares_;
  Watch watch_;
  Timer retry_;
  bool reported_ = false;
};

// The port that a bound socket has.
uint16_t bound_port(int fd);

}  // namespace watchdog

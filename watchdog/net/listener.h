#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "net/loop.h"
#include "net/timer.h"
#include "net/watch.h"

namespace watchdog {

// The address of one end of a connection, mostly the other one; formatted only when a log line wants it.
class PeerAddress {
 public:
  PeerAddress() = default;
  explicit PeerAddress(const sockaddr_storage& address);
  // "10.1.2.3", "::1"; an IPv4 address that came in over IPv6 prints as IPv4.
  std::string text() const;
  uint16_t port() const { return port_; }

 private:
  int family_ = AF_UNSPEC;
  uint16_t port_ = 0;
  unsigned char bytes_[16] = {};
};

// One socket that accepts TCP connections. Several listeners, one a worker, may share a port; the
// kernel spreads connections over them (SO_REUSEPORT).
class Listener {
 public:
  // `address` is numeric, "localhost", or empty for every address, IPv6 included where the machine
  // has it. `port` 0 picks one.
  static Result<Fd> bind(std::string_view address, uint16_t port);
  // Fails when some other process already listens there, which SO_REUSEPORT would hide.
  static Result<uint16_t> claim(std::string_view address, uint16_t port);

  using OnConnection = std::function<void(Fd, const PeerAddress&)>;
  Listener(Loop& loop, Fd socket, OnConnection on_connection);

  // Lets no new connection begin, while those that are being set up are still accepted. Closing
  // outright would reset them. kHandshake later, accept_waiting(), and nobody is lost.
  void wind_down();
  static constexpr auto kHandshake = std::chrono::milliseconds(100);
  // Takes every connection that the kernel has already set up.
  void accept_waiting();

 private:
  // Out of descriptors: wait for some to be freed rather than spin.
  static constexpr auto kPauseWhenFull = std::chrono::milliseconds(50);

  OnConnection on_connection_;
  Watch watch_;
  Timer retry_;
  bool reported_ = false;
};

// The port that a bound socket has.
uint16_t bound_port(int fd);
// Our end of a connection.
PeerAddress local_address(int fd);

}  // namespace watchdog

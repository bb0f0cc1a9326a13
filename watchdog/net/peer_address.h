#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace watchdog {

// The address of one end of a connection, mostly the other one; formatted only when a log line
// wants it.
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

// Our end of a connection.
PeerAddress local_address(int fd);

}  // namespace watchdog

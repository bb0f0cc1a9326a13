#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "base/ip_address.h"

namespace watchdog {

// The address of one end of a connection. Its text is made only when it is asked for.
class PeerAddress {
 public:
  PeerAddress() = default;
  explicit PeerAddress(const sockaddr_storage& address);
  const IpAddress& ip() const { return ip_; }
  // "10.1.2.3", "::1"; an IPv4-mapped IPv6 address prints as IPv4.
  std::string text() const { return ip_.text(); }
  uint16_t port() const { return port_; }

 private:
  IpAddress ip_;
  uint16_t port_ = 0;
};

// Returns the address of our end of a connection.
PeerAddress local_address(int fd);

}  // namespace watchdog

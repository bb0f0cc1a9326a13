#include "net/peer_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

namespace watchdog {

PeerAddress::PeerAddress(const sockaddr_storage& address) : family_(address.ss_family) {
  if (family_ == AF_INET) {
    sockaddr_in in;
    std::memcpy(&in, &address, sizeof in);
    port_ = ntohs(in.sin_port);
    std::memcpy(bytes_, &in.sin_addr, sizeof in.sin_addr);
  } else if (family_ == AF_INET6) {
    sockaddr_in6 in;
    std::memcpy(&in, &address, sizeof in);
    port_ = ntohs(in.sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&in.sin6_addr)) {
      family_ = AF_INET;
      std::memcpy(bytes_, in.sin6_addr.s6_addr + 12, 4);
    } else {
      std::memcpy(bytes_, &in.sin6_addr, sizeof in.sin6_addr);
    }
  }
}

std::string PeerAddress::text() const {
  char buffer[INET6_ADDRSTRLEN] = "";
  if (family_ != AF_UNSPEC) inet_ntop(family_, bytes_, buffer, sizeof buffer);
  return buffer;
}

PeerAddress local_address(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  return PeerAddress(address);
}

}  // namespace watchdog

#include "net/peer_address.h"

#include <netinet/in.h>

#include <cstring>

namespace watchdog {

PeerAddress::PeerAddress(const sockaddr_storage& address) {
  IpAddress::Bytes bytes{};
  if (address.ss_family == AF_INET) {
    sockaddr_in in;
    std::memcpy(&in, &address, sizeof in);
    port_ = ntohs(in.sin_port);
    std::memcpy(bytes.data(), &in.sin_addr, sizeof in.sin_addr);
    ip_ = IpAddress(IpAddress::Family::kFour, bytes);
  } else if (address.ss_family == AF_INET6) {
    sockaddr_in6 in;
    std::memcpy(&in, &address, sizeof in);
    port_ = ntohs(in.sin6_port);
    std::memcpy(bytes.data(), &in.sin6_addr, sizeof in.sin6_addr);
    ip_ = IpAddress(IpAddress::Family::kSix, bytes);
  }
}

PeerAddress local_address(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  return PeerAddress(address);
}

}  // namespace watchdog

#include "net/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace watchdog {

SocketAddress SocketAddress::ipv4(in_addr address, uint16_t port) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_addr = address;
  in.sin_port = htons(port);
  SocketAddress result;
  std::memcpy(&result.storage_, &in, sizeof in);
  result.size_ = sizeof in;
  return result;
}

SocketAddress SocketAddress::ipv6(const in6_addr& address, uint16_t port) {
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_addr = address;
  in.sin6_port = htons(port);
  SocketAddress result;
  std::memcpy(&result.storage_, &in, sizeof in);
  result.size_ = sizeof in;
  return result;
}

Result<SocketAddress> SocketAddress::unix_path(std::string_view path) {
  sockaddr_un un{};
  if (path.empty() || path.size() >= sizeof un.sun_path) {
    return Error{fmt::format("{}: not a path for a unix socket; it has {} to {} bytes", path, 1,
                             sizeof un.sun_path - 1)};
  }
  un.sun_family = AF_UNIX;
  std::copy(path.begin(), path.end(), un.sun_path);
  SocketAddress result;
  std::memcpy(&result.storage_, &un, sizeof un);
  result.size_ = sizeof un;
  return result;
}

Result<SocketAddress> SocketAddress::numeric(std::string_view address, uint16_t port) {
  const std::string text(address);
  in_addr four{};
  in6_addr six{};
  if (inet_pton(AF_INET, text.c_str(), &four) == 1) return ipv4(four, port);
  if (inet_pton(AF_INET6, text.c_str(), &six) == 1) return ipv6(six, port);
  return Error{fmt::format("{}: not an address", address)};
}

bool SocketAddress::is_loopback() const {
  if (family() == AF_INET) {
    const in_addr address = reinterpret_cast<const sockaddr_in*>(&storage_)->sin_addr;
    return ntohl(address.s_addr) >> 24 == IN_LOOPBACKNET;
  }
  if (family() != AF_INET6) return false;
  const in6_addr& address = reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&address)) return address.s6_addr[12] == IN_LOOPBACKNET;
  return IN6_IS_ADDR_LOOPBACK(&address);
}

Result<std::vector<SocketAddress>> resolve(const std::string& host, uint16_t port) {
  if (host == "localhost") {
    return std::vector{SocketAddress::ipv4({htonl(INADDR_LOOPBACK)}, port),
                       SocketAddress::ipv6(in6addr_loopback, port)};
  }
  if (const auto numeric = SocketAddress::numeric(host, port)) return std::vector{*numeric};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> list(error == 0 ? found : nullptr,
                                                            ::freeaddrinfo);
  std::vector<SocketAddress> addresses;
  for (const addrinfo* one = list.get(); one != nullptr; one = one->ai_next) {
    if (one->ai_family == AF_INET) {
      sockaddr_in in;
      std::memcpy(&in, one->ai_addr, sizeof in);
      addresses.push_back(SocketAddress::ipv4(in.sin_addr, port));
    } else if (one->ai_family == AF_INET6) {
      sockaddr_in6 in;
      std::memcpy(&in, one->ai_addr, sizeof in);
      addresses.push_back(SocketAddress::ipv6(in.sin6_addr, port));
    }
  }
  if (addresses.empty()) {
    return Error{fmt::format("{}: no such host ({})", host,
                             error != 0 ? gai_strerror(error) : "no address")};
  }
  return addresses;
}

}  // namespace watchdog

#pragma once

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>

namespace bench {

// Where to ask what: "host:port/path", with or without "http://" before it.
struct Address {
  std::string host;
  std::string port;
  std::string path;
  sockaddr_storage socket{};
  socklen_t socket_size = 0;
};

// Nothing when the text is no such address, or its host has none.
inline std::optional<Address> parse_address(std::string text) {
  if (text.starts_with("http://")) text.erase(0, strlen("http://"));
  const size_t slash = std::min(text.find('/'), text.size());
  const size_t colon = text.rfind(':', slash);
  if (colon == std::string::npos) return std::nullopt;

  Address address;
  address.host = text.substr(0, colon);
  address.port = text.substr(colon + 1, slash - colon - 1);
  address.path = slash == text.size() ? "/" : text.substr(slash);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found) != 0) {
    return std::nullopt;
  }
  memcpy(&address.socket, found->ai_addr, found->ai_addrlen);
  address.socket_size = found->ai_addrlen;
  freeaddrinfo(found);
  return address;
}

// A connected socket, or -1.
inline int connect_to(const Address& address) {
  const int fd = socket(address.socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const auto* socket_address = reinterpret_cast<const sockaddr*>(&address.socket);
  if (connect(fd, socket_address, address.socket_size) == 0) return fd;
  close(fd);
  return -1;
}

}  // namespace bench

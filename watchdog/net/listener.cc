#include "net/listener.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/log.h"

namespace watchdog {

namespace {

struct Endpoint {
  sockaddr_storage address{};
  socklen_t size = 0;
};

Endpoint ipv4(in_addr address, uint16_t port) {
  Endpoint endpoint;
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_addr = address;
  in.sin_port = htons(port);
  std::memcpy(&endpoint.address, &in, sizeof in);
  endpoint.size = sizeof in;
  return endpoint;
}

Endpoint ipv6(const in6_addr& address, uint16_t port) {
  Endpoint endpoint;
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_addr = address;
  in.sin6_port = htons(port);
  std::memcpy(&endpoint.address, &in, sizeof in);
  endpoint.size = sizeof in;
  return endpoint;
}

Result<Endpoint> resolve(std::string_view address, uint16_t port) {
  if (address.empty()) return ipv6(in6addr_any, port);
  const std::string name(address == "localhost" ? "127.0.0.1" : address);
  in_addr four{};
  in6_addr six{};
  if (inet_pton(AF_INET, name.c_str(), &four) == 1) return ipv4(four, port);
  if (inet_pton(AF_INET6, name.c_str(), &six) == 1) return ipv6(six, port);
  return Error{fmt::format("cannot listen on {}: not an address", address)};
}

struct Bound {
  Fd fd;
  int error = 0;
};

Bound bind_endpoint(const Endpoint& endpoint, bool shared) {
  Fd fd(::socket(endpoint.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return {{}, errno};
  const int on = 1;
  const int off = 0;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (shared) setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // accepted sockets inherit it
  if (endpoint.address.ss_family == AF_INET6) {
    setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  }
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&endpoint.address), endpoint.size) != 0) {
    return {{}, errno};
  }
  return {std::move(fd), 0};
}

// With IPv6 switched off, "every address" means every IPv4 address.
Result<Fd> bind_or_fall_back(std::string_view address, uint16_t port, bool shared) {
  const auto endpoint = resolve(address, port);
  if (!endpoint) return Error{endpoint.error()};
  Bound bound = bind_endpoint(*endpoint, shared);
  if (address.empty() && (bound.error == EAFNOSUPPORT || bound.error == EADDRNOTAVAIL)) {
    bound = bind_endpoint(ipv4(in_addr{INADDR_ANY}, port), shared);
  }
  if (bound.error != 0) {
    const bool taken = bound.error == EADDRINUSE;
    return Error{fmt::format("cannot listen on {}{}port {}: {}{}", address,
                             address.empty() ? "" : " ", port, strerror(bound.error),
                             taken ? "; stop what listens there, or set another port" : "")};
  }
  return std::move(bound.fd);
}

}  // namespace

PeerAddress::PeerAddress(const sockaddr_storage& address) : family_(address.ss_family) {
  if (family_ == AF_INET) {
    sockaddr_in in;
    std::memcpy(&in, &address, sizeof in);
    std::memcpy(bytes_, &in.sin_addr, sizeof in.sin_addr);
  } else if (family_ == AF_INET6) {
    sockaddr_in6 in;
    std::memcpy(&in, &address, sizeof in);
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

Result<Fd> Listener::bind(std::string_view address, uint16_t port) {
  auto fd = bind_or_fall_back(address, port, true);
  if (fd && ::listen(fd->get(), SOMAXCONN) != 0) {
    return Error{fmt::format("cannot listen on port {}: {}", port, strerror(errno))};
  }
  return fd;
}

Result<uint16_t> Listener::claim(std::string_view address, uint16_t port) {
  const auto fd = bind_or_fall_back(address, port, false);
  if (!fd) return Error{fd.error()};
  return bound_port(fd->get());
}

Listener::Listener(Loop& loop, Fd socket, OnConnection on_connection)
    : on_connection_(std::move(on_connection)),
      watch_(loop, std::move(socket), [this] { accept_waiting(); }),
      retry_(loop, [this] { watch_.resume(); }) {}

void Listener::accept_waiting() {
  for (;;) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    Fd fd(::accept4(watch_.fd(), reinterpret_cast<sockaddr*>(&address), &size,
                    SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd) {
      reported_ = false;
      on_connection_(std::move(fd), PeerAddress(address));
      continue;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      if (!reported_) {
        log::warn("cannot accept a connection: {}; raise the open-files limit or set max_inflight",
                  strerror(errno));
      }
      reported_ = true;
      watch_.pause();
      retry_.set_after(kPauseWhenFull);
    }
    return;
  }
}

uint16_t bound_port(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port);
  }
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

}  // namespace watchdog

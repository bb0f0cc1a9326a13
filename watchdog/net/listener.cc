#include "net/listener.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/log.h"
#include "net/address.h"

namespace watchdog {

namespace {

Result<SocketAddress> address_of(std::string_view address, uint16_t port) {
  if (address.empty()) return SocketAddress::ipv6(in6addr_any, port);
  auto found = SocketAddress::numeric(address == "localhost" ? "127.0.0.1" : address, port);
  if (!found) return Error{fmt::format("cannot listen on {}", found.error())};
  return found;
}

struct Bound {
  Fd fd;
  int error = 0;
};

Bound bind_to(const SocketAddress& address, bool shared) {
  Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return {{}, errno};
  const int on = 1;
  const int off = 0;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (shared) setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // accepted sockets inherit it
  if (address.family() == AF_INET6) {
    setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  }
  if (::bind(fd.get(), address.get(), address.size()) != 0) {
    return {{}, errno};
  }
  return {std::move(fd), 0};
}

// With IPv6 switched off, "every address" means every IPv4 address.
Result<Fd> bind_or_fall_back(std::string_view address, uint16_t port, bool shared) {
  const auto wanted = address_of(address, port);
  if (!wanted) return Error{wanted.error()};
  Bound bound = bind_to(*wanted, shared);
  if (address.empty() && (bound.error == EAFNOSUPPORT || bound.error == EADDRNOTAVAIL)) {
    bound = bind_to(SocketAddress::ipv4(in_addr{INADDR_ANY}, port), shared);
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

// The kernel drops each SYN for us as if it had been lost on the way; the client sends it again
// after a second, and then finds the port closed, or somebody else on it.
void Listener::wind_down() {
  constexpr uint32_t kFlags = 13;  // of a TCP header
  constexpr uint32_t kSyn = 0x02;
  constexpr uint32_t kAck = 0x10;
  std::array<sock_filter, 5> program = {{
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kFlags),
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, kSyn | kAck),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kSyn, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
  }};
  const sock_fprog filter{.len = program.size(), .filter = program.data()};
  // Where this is not allowed some connections may be reset.
  ::setsockopt(watch_.fd(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
}

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

PeerAddress local_address(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  return PeerAddress(address);
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

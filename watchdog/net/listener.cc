#include "net/listener.h"

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
#include "net/keepalive.h"

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

Bound bind_to(const SocketAddress& address) {
  Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return {{}, errno};
  const int on = 1;
  const int off = 0;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // accepted sockets inherit it
  enable_keepalive(fd.get());                                      // and this
  if (address.family() == AF_INET6) {
    setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  }
  if (::bind(fd.get(), address.get(), address.size()) != 0) return {{}, errno};
  return {std::move(fd), 0};
}

// With IPv6 switched off, "every address" means every IPv4 address.
Bound bind_or_fall_back(const SocketAddress& wanted, bool every_address, uint16_t port) {
  Bound bound = bind_to(wanted);
  if (every_address && (bound.error == EAFNOSUPPORT || bound.error == EADDRNOTAVAIL)) {
    bound = bind_to(SocketAddress::ipv4(in_addr{INADDR_ANY}, port));
  }
  return bound;
}

}  // namespace

Result<Fd> Listener::bind(std::string_view address, uint16_t port) {
  const auto wanted = address_of(address, port);
  if (!wanted) return Error{wanted.error()};
  Bound bound = bind_or_fall_back(*wanted, address.empty(), port);
  // SO_REUSEADDR lets two sockets bind the same port as long as neither listens: then this tells.
  if (bound.error == 0 && ::listen(bound.fd.get(), SOMAXCONN) != 0) bound.error = errno;
  if (bound.error != 0) {
    const bool taken = bound.error == EADDRINUSE;
    return Error{fmt::format("cannot listen on {}{}port {}: {}{}", address,
                             address.empty() ? "" : " ", port, strerror(bound.error),
                             taken ? "; stop what listens there, or set another port" : "")};
  }
  return std::move(bound.fd);
}

bool Listener::is_free(std::string_view address, uint16_t port) {
  const auto wanted = address_of(address, port);
  return wanted && bind_or_fall_back(*wanted, address.empty(), port).error == 0;
}

Listener::Listener(Loop& loop, Fd socket, OnConnection on_connection, size_t spares)
    : loop_(loop),
      on_connection_(std::move(on_connection)),
      spares_(spares),
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
    const int error = errno;
    if (error == EINTR || error == ECONNABORTED || find_room(error)) continue;
    if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) {
      if (!reported_) {
        log::event(log::Level::kWarning, "accept_failed",
                   fmt::format("cannot accept a connection: {}; raise the open-files limit or set "
                               "max_inflight",
                               strerror(error)),
                   {{"cause", strerror(error)}});
      }
      reported_ = true;
      watch_.pause();
      retry_.set_after(kPauseWhenFull);
    }
    return;
  }
}

bool Listener::find_room(int error) {
  if (loop_.made_room(error)) return true;
  return error == EMFILE && spares_.give_up_one();
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

#include "net/dial.h"

#include <netinet/tcp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "net/keepalive.h"

namespace watchdog {

namespace {

// The kernel may give a socket the very port that it connects to, if that is among those for
// clients and nobody listens there, and then connects it to itself.
bool is_connected_to_itself(int socket, const SocketAddress& peer) {
  if (!peer.is_loopback()) return false;
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  return ::getsockname(socket, reinterpret_cast<sockaddr*>(&own), &size) == 0 &&
         size == peer.size() && std::memcmp(&own, peer.get(), size) == 0;
}

bool is_of_this_machine(const SocketAddress& address) {
  return address.family() == AF_UNIX || address.is_loopback();
}

}  // namespace

Dial::Dial(Loop& loop, std::span<const SocketAddress> addresses, OnDone on_done)
    : loop_(loop),
      addresses_(addresses),
      on_done_(std::move(on_done)),
      retry_(loop,
             [this] {
               loop_.retire(std::move(watch_));
               try_addresses();
             }),
      report_(loop, [this] { on_done_(std::move(connected_), error_); }) {
  try_addresses();
}

void Dial::try_addresses() {
  for (; !addresses_.empty(); addresses_ = addresses_.subspan(1)) {
    error_ = try_first();
    if (error_ == 0 || error_ == EINPROGRESS) return;
  }
  settle({}, error_);
}

// 0 when it is connected, EINPROGRESS when on_done_ will be told later.
int Dial::try_first() {
  const SocketAddress& address = addresses_.front();
  Fd socket;
  do {
    socket = Fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  } while (!socket && loop_.made_room(errno));
  if (!socket) return errno;
  if (address.family() != AF_UNIX) {
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // For a minute after we close it nobody could listen on the port that it is given, not even a
    // server that sets SO_REUSEADDR, unless we have set it too.
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    // No limit_unacknowledged(): a function that leaves what a tunnel brings unread is not gone.
    if (!address.is_loopback()) enable_keepalive(socket.get());
  }
  int result = ::connect(socket.get(), address.get(), address.size());
  // Over loopback the handshake is over by now: asking again tells.
  if (result != 0 && errno == EINPROGRESS) {
    result = ::connect(socket.get(), address.get(), address.size());
  }
  if (result == 0 || errno == EISCONN) {
    if (is_connected_to_itself(socket.get(), address)) return ECONNREFUSED;
    settle(std::move(socket), 0);
    return 0;
  }
  if (errno == EAGAIN && address.family() == AF_UNIX) {
    ask_again_later();
    return EINPROGRESS;
  }
  if (errno != EALREADY && errno != EINPROGRESS) return errno;
  watch_ = std::make_unique<Watch>(
      loop_, std::move(socket), [this] { look(); }, Watch::For::kWriting);
  if (is_of_this_machine(address)) ask_again_later();
  return EINPROGRESS;
}

void Dial::ask_again_later() {
  retry_.set_after(pause_);
  pause_ = std::min(pause_ * 2, kMostPause);
}

void Dial::look() {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(watch_->fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  Fd socket = watch_->release();
  loop_.retire(std::move(watch_));
  retry_.clear();
  if (error == 0) return settle(std::move(socket), 0);
  error_ = error;
  socket.close();
  addresses_ = addresses_.subspan(1);
  try_addresses();
}

void Dial::settle(Fd socket, int error) {
  connected_ = std::move(socket);
  error_ = error;
  report_.schedule();
}

}  // namespace watchdog

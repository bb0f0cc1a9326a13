#include "net/dial.h"

#include <netinet/tcp.h>

#include <cerrno>
#include <utility>

namespace watchdog {

Dial::Dial(Loop& loop, std::span<const SocketAddress> addresses, OnDone on_done)
    : loop_(loop),
      addresses_(addresses),
      on_done_(std::move(on_done)),
      report_(loop, [this] { on_done_(std::move(connected_), error_); }) {
  try_next();
}

void Dial::try_next() {
  while (!addresses_.empty()) {
    current_ = addresses_.front();
    addresses_ = addresses_.subspan(1);
    Fd socket(::socket(current_.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket) {
      error_ = errno;
      continue;
    }
    if (current_.family() != AF_UNIX) {
      const int on = 1;
      ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    int result = ::connect(socket.get(), current_.get(), current_.size());
    // Over loopback the handshake is over by now: asking again tells.
    if (result != 0 && errno == EINPROGRESS) {
      result = ::connect(socket.get(), current_.get(), current_.size());
    }
    if (result == 0 || errno == EISCONN) return settle(std::move(socket), 0);
    if (errno == EALREADY || errno == EINPROGRESS) {
      watch_ = std::make_unique<Watch>(
          loop_, std::move(socket), [this] { look(); }, Watch::For::kWriting);
      return;
    }
    error_ = errno;
  }
  settle({}, error_);
}

void Dial::look() {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(watch_->fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  Fd socket = watch_->release();
  loop_.retire(std::move(watch_));
  if (error == 0) return settle(std::move(socket), 0);
  error_ = error;
  socket.close();
  try_next();
}

void Dial::settle(Fd socket, int error) {
  connected_ = std::move(socket);
  error_ = error;
  report_.schedule();
}

}  // namespace watchdog

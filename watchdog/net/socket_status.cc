#include "net/socket_status.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>

namespace watchdog {

namespace {

// POLLHUP and POLLERR are told unasked.
bool has_event(int socket, short events) {
  pollfd asked{.fd = socket, .events = events, .revents = 0};
  return ::poll(&asked, 1, 0) == 1;
}

size_t count_of(int socket, unsigned long request) {
  int bytes = 0;
  return ::ioctl(socket, request, &bytes) == 0 ? static_cast<size_t>(bytes) : 0;
}

}  // namespace

bool peer_has_ended(int socket) {
  return has_event(socket, POLLRDHUP);
}

bool peer_is_gone(int socket) {
  return has_event(socket, 0);
}

size_t readable_bytes(int socket) {
  return count_of(socket, FIONREAD);
}

bool is_silent(int socket) {
  char byte = 0;
  return ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

size_t unacknowledged_bytes(int socket) {
  return count_of(socket, SIOCOUTQ);
}

void acknowledge_now(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

void reset_on_close(int socket) {
  const linger now{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

}  // namespace watchdog

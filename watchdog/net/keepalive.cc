#include "net/keepalive.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <climits>

namespace watchdog {

namespace {

constexpr int kFirstProbe = 30;     // seconds of silence
constexpr int kProbeInterval = 10;  // seconds
constexpr int kProbes = 3;
static_assert(std::chrono::seconds(kFirstProbe + kProbeInterval * kProbes) == kUnreachableLimit);

void set(int socket, int level, int option, int value) {
  ::setsockopt(socket, level, option, &value, sizeof value);
}

}  // namespace

void enable_keepalive(int socket) {
  set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(socket, IPPROTO_TCP, TCP_KEEPIDLE, kFirstProbe);
  set(socket, IPPROTO_TCP, TCP_KEEPINTVL, kProbeInterval);
  set(socket, IPPROTO_TCP, TCP_KEEPCNT, kProbes);
}

void limit_unacknowledged(int socket, Duration limit) {
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(limit).count();
  set(socket, IPPROTO_TCP, TCP_USER_TIMEOUT,
      static_cast<int>(std::min<int64_t>(milliseconds, INT_MAX)));
}

}  // namespace watchdog

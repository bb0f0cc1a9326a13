#pragma once

#include "base/time.h"

namespace watchdog {

// How long a peer may be unreachable before its connection breaks with ETIMEDOUT, where nothing is
// on its way to it.
constexpr auto kUnreachableLimit = std::chrono::seconds(60);

// Has the kernel ask a silent peer (SO_KEEPALIVE), so that the connection to a machine that has
// lost its power or its network breaks after kUnreachableLimit instead of never. Sockets that are
// accepted from one with this setting have it too.
void enable_keepalive(int socket);

// Breaks a connection when data is not acknowledged, or finds no room at the peer, for `limit`, in
// place of the quarter of an hour that retransmitting goes on (TCP_USER_TIMEOUT, RFC 5482). Not for
// connections whose peer may leave data unread for longer than that and still be well. Inherited
// like keep-alive.
void limit_unacknowledged(int socket, Duration limit);

}  // namespace watchdog

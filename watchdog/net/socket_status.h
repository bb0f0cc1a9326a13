#pragma once

#include <cstddef>

namespace watchdog {

// What the kernel knows of a connected socket, and what it is to do with it. Each is one system
// call on a socket that stays its owner's; where the kernel cannot tell, the answer is no, or 0.

// Whether the peer will send no more (POLLRDHUP), although bytes before its end may wait to be
// read.
bool peer_has_ended(int socket);
// Whether the connection is broken in both directions (POLLHUP or POLLERR).
bool peer_is_gone(int socket);
// The bytes that can be read without waiting (FIONREAD); pipes have them too.
size_t readable_bytes(int socket);
// Whether neither bytes nor the peer's end wait to be read.
bool is_silent(int socket);
// Of the bytes that have been sent, those that the peer has not acknowledged (SIOCOUTQ; TCP only).
size_t unacknowledged_bytes(int socket);

// Has what was read acknowledged at once (TCP_QUICKACK), and not with the next bytes to leave or
// after 40 ms: a peer that writes in small pieces may be waiting for it (Nagle's algorithm, RFC
// 9293 3.7.4).
void acknowledge_now(int socket);
// Makes close() reset the connection (SO_LINGER of 0), so that the peer cannot take what it got for
// a clean end.
void reset_on_close(int socket);

}  // namespace watchdog

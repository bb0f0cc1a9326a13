#include "net/socket_status.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "base/fd.h"
#include "net/address.h"
#include "net/listener.h"

using namespace watchdog;

namespace {

void await(int fd, short events) {
  pollfd asked{.fd = fd, .events = events, .revents = 0};
  REQUIRE(::poll(&asked, 1, 5000) == 1);
}

// A TCP connection over the loopback: `ours` is asked, `peer` acts.
struct Connection {
  Fd ours;
  Fd peer;

  Connection() {
    const auto listener = Listener::bind("127.0.0.1", 0);
    REQUIRE(listener);
    const auto address = SocketAddress::numeric("127.0.0.1", bound_port(listener->get()));
    peer = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::connect(peer.get(), address->get(), address->size()) == 0);
    await(listener->get(), POLLIN);
    ours = Fd(::accept(listener->get(), nullptr, nullptr));
    REQUIRE(ours);
  }

  void peer_says(std::string_view text) {
    REQUIRE(::write(peer.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    await(ours.get(), POLLIN);
  }
};

}  // namespace

TEST_CASE_FIXTURE(Connection, "a connection on which nothing has come is silent") {
  CHECK(is_silent(ours.get()));
  CHECK(readable_bytes(ours.get()) == 0);
  CHECK_FALSE(peer_has_ended(ours.get()));
  CHECK_FALSE(peer_is_gone(ours.get()));
}

TEST_CASE_FIXTURE(Connection, "bytes that wait are counted and stay where they are") {
  peer_says("hello");
  CHECK_FALSE(is_silent(ours.get()));
  CHECK(readable_bytes(ours.get()) == 5);
  CHECK(readable_bytes(ours.get()) == 5);
}

TEST_CASE_FIXTURE(Connection, "the end of a peer shows behind bytes that nobody has read") {
  peer_says("hello");
  REQUIRE(::shutdown(peer.get(), SHUT_WR) == 0);
  await(ours.get(), POLLRDHUP);
  CHECK(peer_has_ended(ours.get()));
  CHECK_FALSE(peer_is_gone(ours.get()));
  CHECK(readable_bytes(ours.get()) == 5);
}

TEST_CASE_FIXTURE(Connection, "a peer that resets the connection is gone") {
  reset_on_close(peer.get());
  peer = Fd();
  await(ours.get(), POLLERR);
  CHECK(peer_is_gone(ours.get()));
  CHECK(peer_has_ended(ours.get()));
}

TEST_CASE_FIXTURE(Connection, "what no peer has taken is unacknowledged") {
  const int small = 1;
  ::setsockopt(peer.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  CHECK(unacknowledged_bytes(ours.get()) == 0);
  const std::string_view block = "0123456789abcdef";
  size_t sent = 0;
  for (;;) {
    const ssize_t taken = ::send(ours.get(), block.data(), block.size(), MSG_DONTWAIT);
    if (taken < 0) break;
    sent += static_cast<size_t>(taken);
  }
  REQUIRE(errno == EAGAIN);
  const size_t waiting = unacknowledged_bytes(ours.get());
  CHECK(waiting > 0);
  CHECK(waiting <= sent);
}

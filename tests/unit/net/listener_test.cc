#include "net/listener.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <vector>

#include "fake_clock.h"
#include "net/address.h"

using namespace watchdog;

namespace {

struct ListenerTest {
  Loop loop;
  uint16_t port = 0;
  std::vector<Fd> accepted;
  std::vector<std::string> peers;
  std::unique_ptr<Listener> listener;

  ListenerTest() {
    auto socket = Listener::bind("127.0.0.1", 0);
    REQUIRE(socket);
    port = bound_port(socket->get());
    const Turn turn(loop);
    listener = std::make_unique<Listener>(loop, std::move(*socket),
                                          [this](Fd fd, const PeerAddress& peer) {
                                            accepted.push_back(std::move(fd));
                                            peers.push_back(peer.text());
                                          });
  }
  ~ListenerTest() {
    const Turn turn(loop);
    listener.reset();
  }

  Fd connect(int flags = 0) const {
    Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
    const auto address = SocketAddress::numeric("127.0.0.1", port);
    const int result = ::connect(socket.get(), address->get(), address->size());
    REQUIRE((result == 0 || errno == EINPROGRESS));
    return socket;
  }
  bool accepts(size_t count) {
    return poll_until(loop, [&] { return accepted.size() == count; });
  }
};

}  // namespace

TEST_CASE_FIXTURE(ListenerTest, "a connection comes with its peer's address, and does not block") {
  const Fd client = connect();
  REQUIRE(accepts(1));
  CHECK(peers[0] == "127.0.0.1");
  CHECK((::fcntl(accepted[0].get(), F_GETFL) & O_NONBLOCK) != 0);
  CHECK((::fcntl(accepted[0].get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE_FIXTURE(ListenerTest, "a port that is listened on is nobody else's") {
  CHECK_FALSE(Listener::is_free("127.0.0.1", port));
  CHECK_FALSE(Listener::bind("127.0.0.1", port));

  const Fd other(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(other.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  const auto address = SocketAddress::numeric("127.0.0.1", port);
  CHECK(::bind(other.get(), address->get(), address->size()) != 0);
  CHECK(errno == EADDRINUSE);
}

TEST_CASE_FIXTURE(ListenerTest, "a refusal to bind names the port") {
  const auto again = Listener::bind("127.0.0.1", port);
  REQUIRE_FALSE(again);
  CHECK(again.error().find(std::to_string(port)) != std::string::npos);
}

TEST_CASE_FIXTURE(ListenerTest,
                  "a wound-down listener accepts those who were there, and nobody new") {
  const Fd early = connect();
  listener->wind_down();
  const Fd late = connect(SOCK_NONBLOCK);
  REQUIRE(accepts(1));
  {
    const Turn turn(loop);
    listener->accept_waiting();
  }
  for (int i = 0; i < 10; ++i) loop.poll();
  CHECK(accepted.size() == 1);
}

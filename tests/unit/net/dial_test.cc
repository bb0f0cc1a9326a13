#include "net/dial.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fake_clock.h"
#include "net/listener.h"

using namespace watchdog;
using namespace std::chrono_literals;

namespace {

struct Outcome {
  Fd socket;
  int error = 0;
};

struct DialTest {
  FakeClock clock;
  Loop loop{clock};
  std::vector<SocketAddress> addresses;
  std::optional<Outcome> outcome;
  int calls = 0;
  std::unique_ptr<Dial> dial;

  ~DialTest() {
    const Turn turn(loop);
    dial.reset();
  }
  void connect() {
    const Turn turn(loop);
    dial = std::make_unique<Dial>(loop, addresses, [this](Fd socket, int error) {
      ++calls;
      outcome.emplace(std::move(socket), error);
    });
    CHECK(calls == 0);  // never inside the constructor
  }
  bool settled() {
    return poll_until(loop, [this] { return outcome.has_value(); });
  }
};

// A port that nobody listens on, and that stays ours while this lives.
struct ClosedPort {
  Fd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  SocketAddress address() {
    const auto any = SocketAddress::numeric("127.0.0.1", 0);
    REQUIRE(::bind(socket.get(), any->get(), any->size()) == 0);
    return *SocketAddress::numeric("127.0.0.1", bound_port(socket.get()));
  }
};

// A unix socket whose accept queue has room for one connection.
struct SmallQueue {
  std::string path = "/tmp/dial_test." + std::to_string(::getpid());
  Fd listener{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  Fd waiting{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  SocketAddress address = *SocketAddress::unix_path(path);

  SmallQueue() {
    ::unlink(path.c_str());
    REQUIRE(::bind(listener.get(), address.get(), address.size()) == 0);
    REQUIRE(::listen(listener.get(), 0) == 0);
    REQUIRE(::connect(waiting.get(), address.get(), address.size()) == 0);
  }
  ~SmallQueue() { ::unlink(path.c_str()); }
};

}  // namespace

TEST_CASE_FIXTURE(DialTest, "a server that listens is connected to, once") {
  const auto listener = Listener::bind("127.0.0.1", 0);
  REQUIRE(listener);
  addresses = {*SocketAddress::numeric("127.0.0.1", bound_port(listener->get()))};
  connect();
  REQUIRE(settled());
  CHECK(outcome->socket);
  CHECK(outcome->error == 0);
  loop.poll();
  CHECK(calls == 1);
}

TEST_CASE_FIXTURE(DialTest, "the next address is tried where one refuses") {
  ClosedPort closed;
  const auto listener = Listener::bind("127.0.0.1", 0);
  REQUIRE(listener);
  addresses = {closed.address(), *SocketAddress::numeric("127.0.0.1", bound_port(listener->get()))};
  connect();
  REQUIRE(settled());
  CHECK(outcome->socket);
}

TEST_CASE_FIXTURE(DialTest, "the error is that of the last address") {
  ClosedPort closed;
  addresses = {*SocketAddress::unix_path("/nowhere/at/all"), closed.address()};
  connect();
  REQUIRE(settled());
  CHECK_FALSE(outcome->socket);
  CHECK(outcome->error == ECONNREFUSED);
}

TEST_CASE_FIXTURE(DialTest, "a full accept queue is asked again until it has room") {
  SmallQueue queue;
  addresses = {queue.address};
  connect();
  loop.poll();
  CHECK(dial->queue_full());
  CHECK_FALSE(outcome.has_value());
  clock.advance(1ms);
  loop.poll();
  CHECK(dial->queue_full());

  const Fd accepted(::accept(queue.listener.get(), nullptr, nullptr));
  REQUIRE(accepted);
  clock.advance(16ms);
  REQUIRE(settled());
  CHECK(outcome->socket);
  CHECK_FALSE(dial->queue_full());
}

TEST_CASE_FIXTURE(DialTest, "a Dial that is destroyed calls nobody") {
  const auto listener = Listener::bind("127.0.0.1", 0);
  REQUIRE(listener);
  addresses = {*SocketAddress::numeric("127.0.0.1", bound_port(listener->get()))};
  {
    const Turn turn(loop);
    const Dial abandoned(loop, addresses, [this](Fd, int) { ++calls; });
  }
  loop.poll();
  CHECK(calls == 0);
}

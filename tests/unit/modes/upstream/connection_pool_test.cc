#include "modes/upstream/connection_pool.h"

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "fake_clock.h"
#include "modes/upstream/fake_upstream.h"
#include "modes/upstream/http_protocol.h"

using namespace watchdog;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kComplete = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

// HTTP, but for whether connections that nobody has used are kept.
struct PoolProtocol final : UpstreamProtocol {
  Spares kept = Spares::kKept;

  bool collects(const RequestHead&) const override { return false; }
  std::optional<std::string> append_head(std::string&, const OutgoingRequest&,
                                         const Instance&) const override {
    return std::nullopt;
  }
  Frame frame(const OutgoingRequest&, size_t) const override { return {}; }
  std::string body_end(const OutgoingRequest&) const override { return {}; }
  std::string abort(uint64_t) const override { return {}; }
  std::unique_ptr<ResponseReader> make_reader() const override { return http.make_reader(); }
  Spares spares() const override { return kept; }
  bool may_keep(const Instance&, size_t) const override { return true; }

  HttpProtocol http{HttpProtocol::Chunked::kPassedOn};
};

// Hears when a response is complete.
struct EndHandler final : UpstreamConnection::Handler {
  bool ended = false;
  void on_response_head(const UpstreamResponse&) override {}
  void on_response_body(std::string_view) override {}
  void on_response_end(std::string_view) override { ended = true; }
  void on_upstream_failed(Failure, std::string_view) override {}
  void on_upstream_drained() override {}
};

struct PoolTest {
  FakeClock clock;
  Loop loop{clock};
  FakeUpstream server{loop};
  Instance instance;
  PoolProtocol protocol;
  std::unique_ptr<ConnectionPool> pool;

  PoolTest() {
    server.describe(instance);
    pool = std::make_unique<ConnectionPool>(loop, instance, protocol, 1000);
  }
  ~PoolTest() {
    const Turn turn(loop);
    pool.reset();
  }
  template <typename Call>
  void in_turn(Call call) {
    const Turn turn(loop);
    call();
  }
  void settle() {
    for (int i = 0; i < 3; ++i) loop.poll();
  }
  void pass(Duration time) {
    clock.advance(time);
    settle();
  }
  void give_back(std::unique_ptr<UpstreamConnection> connection) {
    in_turn([&] { pool->give_back(std::move(connection)); });
  }
  std::unique_ptr<UpstreamConnection> take(ConnectionPool::Liveness liveness) {
    const Turn turn(loop);
    return pool->take(liveness);
  }
  std::unique_ptr<UpstreamConnection> take() { return take(ConnectionPool::Liveness::kAskKernel); }
  // Has a request served by a connection.
  void use(UpstreamConnection& connection, FakeUpstream::Peer& peer,
           std::string_view response = kComplete) {
    EndHandler handler;
    in_turn([&] { connection.begin(handler, "GET"); });
    connection.write({"request"});
    peer.expect("request");
    peer.forget();
    peer.say(response);
    REQUIRE(poll_until(loop, [&] { return handler.ended; }));
  }
};

// A request that waits for a connection.
struct PoolWaiter final : ConnectionPool::Waiter {
  explicit PoolWaiter(PoolTest& of, bool used_will_do = true) : test(of), used(used_will_do) {
    test.in_turn([this] { test.pool->await(*this); });
  }
  bool takes_used() const override { return used; }
  void on_connection(std::unique_ptr<UpstreamConnection> its) override {
    connection = std::move(its);
  }
  void on_refused(int error) override { refusals.push_back(error); }
  void on_unreachable(int error) override { unreachable = error; }
  std::unique_ptr<UpstreamConnection> released() { return std::move(connection); }

  PoolTest& test;
  const bool used;
  std::unique_ptr<UpstreamConnection> connection;
  std::vector<int> refusals;
  int unreachable = 0;
};

}  // namespace

TEST_CASE_FIXTURE(PoolTest, "each request that waits gets a connection") {
  const PoolWaiter first(*this);
  const PoolWaiter second(*this);
  server.accept();
  server.accept();
  CHECK(first.connection);
  CHECK(second.connection);
  CHECK_FALSE(server.is_asked());
}

TEST_CASE_FIXTURE(PoolTest, "a connection that is given back is for the one that waits longest") {
  PoolWaiter owner(*this);
  FakeUpstream::Peer& peer = server.accept();
  use(*owner.connection, peer);
  server.refuse();
  PoolWaiter only_new(*this, false);
  const PoolWaiter second(*this);
  PoolWaiter third(*this);
  give_back(owner.released());
  CHECK_FALSE(only_new.connection);  // where it takes one that was used
  CHECK(second.connection);
  CHECK_FALSE(third.connection);
  in_turn([&] {
    pool->forget(only_new);
    pool->forget(third);
  });
}

TEST_CASE_FIXTURE(PoolTest, "the connection that was used last is used next") {
  PoolWaiter first(*this);
  FakeUpstream::Peer& of_first = server.accept();
  PoolWaiter second(*this);
  FakeUpstream::Peer& of_second = server.accept();
  use(*first.connection, of_first);
  use(*second.connection, of_second);
  const UpstreamConnection* const last = first.connection.get();
  give_back(second.released());
  give_back(first.released());
  CHECK(take().get() == last);
}

TEST_CASE_FIXTURE(PoolTest, "an idle connection is closed after a second") {
  PoolWaiter owner(*this);
  FakeUpstream::Peer& peer = server.accept();
  use(*owner.connection, peer);
  give_back(owner.released());
  pass(999ms);
  auto connection = take();
  REQUIRE(connection);
  give_back(std::move(connection));
  pass(999ms);
  CHECK(peer.receive().empty());
  pass(1ms);
  peer.expect_end();
  CHECK_FALSE(take());
}

TEST_CASE_FIXTURE(PoolTest, "an idle connection that the server has closed is not handed out") {
  PoolWaiter owner(*this);
  FakeUpstream::Peer& peer = server.accept();
  use(*owner.connection, peer);
  give_back(owner.released());
  peer.close();
  SUBCASE("when the loop has noticed") {
    settle();
    CHECK_FALSE(take(ConnectionPool::Liveness::kAsNoticed));
  }
  SUBCASE("when only the kernel knows") {
    CHECK_FALSE(take());
  }
}

TEST_CASE_FIXTURE(PoolTest, "a connection that is good for no other request is closed") {
  PoolWaiter owner(*this);
  FakeUpstream::Peer& peer = server.accept();
  use(*owner.connection, peer, "HTTP/1.1 204 No Content\r\n\r\n");
  give_back(owner.released());
  peer.expect_end();
  CHECK_FALSE(take());
}

TEST_CASE_FIXTURE(PoolTest, "to a server that sent more than a response none is kept any more") {
  PoolWaiter careless(*this);
  FakeUpstream::Peer& of_careless = server.accept();
  PoolWaiter other(*this);
  FakeUpstream::Peer& of_other = server.accept();
  use(*careless.connection, of_careless, std::string(kComplete) + "more");
  const Fd logged(::memfd_create("log", MFD_CLOEXEC));
  log::open(logged.get(), logged.get());
  give_back(careless.released());
  log::flush();
  log::open(STDOUT_FILENO, STDERR_FILENO);
  CHECK(::lseek(logged.get(), 0, SEEK_CUR) > 0);
  CHECK(instance.overran);
  use(*other.connection, of_other);
  give_back(other.released());
  of_other.expect_end();
  CHECK_FALSE(take());
}

TEST_CASE_FIXTURE(PoolTest, "a new connection that comes too late for its request") {
  const auto come_too_late = [&] {
    const Turn turn(loop);
    PoolWaiter late(*this);
    pool->forget(late);
  };
  SUBCASE("becomes idle, where one that nobody has used may be kept") {
    come_too_late();
    CHECK(take());
  }
  SUBCASE("is closed where not") {
    protocol.kept = UpstreamProtocol::Spares::kClosed;
    come_too_late();
    server.accept().expect_end();
    CHECK_FALSE(take());
  }
}

TEST_CASE_FIXTURE(PoolTest, "a server that refuses is asked again after 10 ms, and doubling") {
  server.refuse();
  PoolWaiter waiter(*this);
  settle();
  const std::vector<Duration> pauses = {10ms, 20ms, 40ms, 80ms, 100ms, 100ms};
  size_t told = 1;
  for (const Duration pause : pauses) {
    CAPTURE(told);
    CHECK(waiter.refusals == std::vector<int>(told, ECONNREFUSED));
    pass(pause - 1ms);
    CHECK(waiter.refusals.size() == told);
    pass(1ms);
    ++told;
  }
  CHECK(waiter.refusals.size() == told);
  CHECK(clock.now() - *pool->refusing_since() == 350ms);
  server.listen();
  pass(100ms);
  server.accept();
  CHECK(waiter.connection);
  CHECK_FALSE(pool->refusing_since());
}

TEST_CASE_FIXTURE(PoolTest, "while a server refuses one connection at a time is tried for all") {
  server.refuse();
  const PoolWaiter first(*this);
  const PoolWaiter second(*this);
  CHECK(first.refusals.size() == 1);
  CHECK(second.refusals.empty());
  pass(10ms);
  CHECK(first.refusals.size() == 2);
  CHECK(second.refusals.size() == 1);
  server.listen();
  pass(20ms);
  server.accept();
  server.accept();
  CHECK(first.connection);
  CHECK(second.connection);
}

TEST_CASE_FIXTURE(PoolTest,
                  "a request that waits no more is not told, and nobody is asked for it") {
  server.refuse();
  PoolWaiter waiter(*this);
  settle();
  in_turn([&] { pool->forget(waiter); });
  server.listen();
  pass(1s);
  CHECK(waiter.refusals.size() == 1);
  CHECK_FALSE(server.is_asked());
}

TEST_CASE_FIXTURE(PoolTest, "a refusal of long ago says nothing of today") {
  server.refuse();
  PoolWaiter waiter(*this);
  settle();
  in_turn([&] { pool->forget(waiter); });
  CHECK(pool->refusing_since());
  server.listen();
  pass(10s + 1ms);
  const PoolWaiter later(*this);
  CHECK_FALSE(pool->refusing_since());
  server.accept();
}

TEST_CASE_FIXTURE(PoolTest, "a server that cannot be reached is not asked again") {
  instance.addresses = {*SocketAddress::unix_path("/dev/null/socket")};
  const PoolWaiter waiter(*this);
  settle();
  CHECK(waiter.unreachable == ENOTDIR);
  pass(1s);
  CHECK(waiter.refusals.empty());
}

TEST_CASE_FIXTURE(PoolTest, "with its instance the idle connections end, and who waits is told") {
  PoolWaiter owner(*this);
  FakeUpstream::Peer& peer = server.accept();
  use(*owner.connection, peer);
  give_back(owner.released());
  server.refuse();
  PoolWaiter waiter(*this, false);
  settle();
  REQUIRE(waiter.refusals.size() == 1);
  in_turn([&] { pool->on_instance_ended(); });
  peer.expect_end();
  CHECK(waiter.refusals == std::vector<int>{ECONNREFUSED, ECONNREFUSED});
  CHECK_FALSE(take());
  in_turn([&] { pool->forget(waiter); });
}

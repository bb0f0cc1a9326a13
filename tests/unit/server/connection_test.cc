#include "server/connection.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fake_clock.h"
#include "server/gate.h"
#include "server/metrics_text.h"
#include "server/server.h"
#include "server/service.h"

using namespace watchdog;
using namespace std::chrono_literals;

namespace {

// A mode whose invocations do what the test tells them to.
class FakeMode final : public Mode {
 public:
  struct FakeInvocation final : Invocation {
    FakeInvocation(FakeMode& owner, Exchange& its_exchange) : mode(owner), exchange(its_exchange) {}
    ~FakeInvocation() override {
      if (mode.current == this) mode.current = nullptr;
      ++mode.destroyed;
    }
    void on_body(std::string_view bytes) override {
      mode.body += bytes;
      if (mode.pause_upload) exchange.pause_upload();
    }
    void on_body_end() override {
      mode.body_ended = true;
      if (mode.on_request) mode.on_request(exchange);
    }
    void on_response_drained() override { ++mode.drained; }
    void on_stopping() override { mode.stopping = true; }
    bool outlives_client() const override { return mode.outlives_client; }
    FakeMode& mode;
    Exchange& exchange;
  };

  std::unique_ptr<Invocation> invoke(Exchange& exchange) override {
    ++invoked;
    targets.emplace_back(exchange.request().target);
    exchange.function_started();
    if (fail_at_once) {
      exchange.fail(Failure::kSpawnFailed, "no such command");
      return nullptr;
    }
    auto invocation = std::make_unique<FakeInvocation>(*this, exchange);
    current = invocation.get();
    return invocation;
  }

  Exchange& exchange() { return current->exchange; }

  FakeInvocation* current = nullptr;
  std::function<void(Exchange&)> on_request;
  std::vector<std::string> targets;
  std::string body;
  int invoked = 0;
  int destroyed = 0;
  int drained = 0;
  bool body_ended = false;
  bool pause_upload = false;
  bool outlives_client = false;
  bool fail_at_once = false;
  bool stopping = false;
};

class FakeService final : public Service {
 public:
  explicit FakeService(Mode& mode) : mode_(mode) {}
  void serve(Exchange& exchange) override { exchange.run(mode_, std::move(*gate.enter())); }
  bool keep_alive() const override { return !closing; }

  Gate gate{0};
  bool closing = false;

 private:
  Mode& mode_;
};

// A server on a real socket, on a clock that the test moves.
struct ConnectionTest {
  FakeClock clock;
  Loop loop{clock};
  Config config;
  Metrics metrics;
  FakeMode mode;
  FakeService service{mode};
  ServerContext context{loop, config, metrics};
  ConnectionBalancer balancer;
  std::unique_ptr<Server> server;
  Fd client;
  std::string received;
  bool closed = false;
  bool reset = false;

  ConnectionTest() {
    config.read_timeout = 30s;
    config.write_timeout = 30s;
    config.exec_timeout = 30s;
    config.idle_timeout = 120s;
    config.access_log = AccessLog::kOff;
    auto socket = Listener::bind("127.0.0.1", 0);
    REQUIRE(socket);
    const uint16_t port = bound_port(socket->get());
    server = std::make_unique<Server>(context, service, std::move(*socket), balancer);
    client = connect(port);
    REQUIRE(until([&] { return server->connections() == 1; }));
  }
  ~ConnectionTest() {
    const Turn turn(loop);
    server.reset();
  }

  static Fd connect(uint16_t port) {
    Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    REQUIRE(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    ::fcntl(socket.get(), F_SETFL, O_NONBLOCK);
    return socket;
  }

  // Real time passes in the kernel, none on the clock.
  bool until(const std::function<bool()>& done) {
    return poll_until(loop, [&] {
      read();
      return done();
    });
  }
  void settle() {
    for (int i = 0; i < 5; ++i) {
      loop.poll();
      read();
    }
  }
  void pass(Duration time) {
    clock.advance(time);
    settle();
  }
  void say(std::string_view text) {
    REQUIRE(::write(client.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  void read() {
    char buffer[65536];
    for (;;) {
      const ssize_t size = ::read(client.get(), buffer, sizeof buffer);
      if (size > 0) {
        received.append(buffer, static_cast<size_t>(size));
        continue;
      }
      if (size == 0) closed = true;
      if (size < 0 && errno == ECONNRESET) reset = true;
      return;
    }
  }
  bool got(std::string_view text) const { return received.find(text) != std::string::npos; }
  static void reply_ok(Exchange& exchange) {
    exchange.head({.content_length = 2});
    exchange.write("ok");
    exchange.end();
  }
  template <typename Call>
  void in_turn(Call call) {
    const Turn turn(loop);
    call();
  }
};

}  // namespace

TEST_CASE_FIXTURE(ConnectionTest, "a connection serves request after request") {
  mode.on_request = reply_ok;
  for (int i = 1; i <= 3; ++i) {
    received.clear();
    say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(until([&] { return got("\r\n\r\nok"); }));
    CHECK(got("HTTP/1.1 200 OK\r\n"));
    CHECK(mode.destroyed == i);
  }
  CHECK_FALSE(closed);
}

TEST_CASE_FIXTURE(ConnectionTest, "pipelined requests are answered one after the other, in order") {
  say("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(until([&] { return mode.invoked == 1; }));
  settle();
  CHECK(mode.invoked == 1);
  in_turn([&] { reply_ok(mode.exchange()); });
  CHECK(until([&] { return mode.invoked == 2; }));
  in_turn([&] { reply_ok(mode.exchange()); });
  CHECK(until(
      [&] { return received.size() > 100 && received.ends_with("ok") && mode.destroyed == 2; }));
  CHECK(mode.targets == std::vector<std::string>{"/1", "/2"});
}

TEST_CASE_FIXTURE(ConnectionTest, "a reply of unknown length is chunked, each write at once") {
  say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(until([&] { return mode.current != nullptr; }));
  in_turn([&] {
    mode.exchange().head({});
    mode.exchange().write("tick");
  });
  CHECK(until([&] { return got("Transfer-Encoding: chunked\r\n") && got("4\r\ntick\r\n"); }));
  in_turn([&] { mode.exchange().end(); });
  CHECK(until([&] { return received.ends_with("0\r\n\r\n"); }));
  CHECK_FALSE(closed);
}

TEST_CASE_FIXTURE(ConnectionTest,
                  "to HTTP/1.0 a reply of unknown length ends with the connection") {
  say("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(until([&] { return mode.current != nullptr; }));
  in_turn([&] {
    mode.exchange().head({});
    mode.exchange().write("all");
    mode.exchange().end();
  });
  CHECK(until([&] { return closed; }));
  CHECK(got("Connection: close\r\n"));
  CHECK(received.ends_with("\r\n\r\nall"));
}

TEST_CASE_FIXTURE(ConnectionTest, "a reply to HEAD has a length and no body") {
  mode.on_request = reply_ok;
  say("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(until([&] { return got("\r\n\r\n"); }));
  CHECK(got("Content-Length: 2\r\n"));
  CHECK(received.ends_with("\r\n\r\n"));
}

TEST_CASE("only the watchdog's own failures are marked for OpenFaaS to try again") {
  for (const FailureInfo& row : kFailures) {
    const bool own = row.blame == Blame::kWatchdog;
    CAPTURE(row.word);
    if (row.passes) CHECK(own);
    if (row.status < 500 && row.failure != Failure::kOverloaded) CHECK_FALSE(own);
  }
  for (const Failure failure :
       {Failure::kFunctionFailed, Failure::kExecTimeout, Failure::kBadResponse,
        Failure::kUpstreamBroken, Failure::kKilledProcess}) {
    CHECK(info(failure).blame == Blame::kFunction);
  }
}

TEST_CASE_FIXTURE(ConnectionTest,
                  "a failure before the head is a page, and the connection lives on") {
  mode.fail_at_once = true;
  say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(until([&] { return got("spawn_failed: no such command"); }));
  CHECK(got("HTTP/1.1 500 "));
  CHECK(got("X-OpenFaaS-Internal: of-watchdog\r\n"));
  mode.fail_at_once = false;
  mode.on_request = reply_ok;
  say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(until([&] { return got("HTTP/1.1 200 OK"); }));
}

TEST_CASE_FIXTURE(ConnectionTest,
                  "a failure after the head cuts the connection without the last chunk") {
  say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(until([&] { return mode.current != nullptr; }));
  in_turn([&] {
    mode.exchange().head({});
    mode.exchange().write("half");
    mode.exchange().fail(Failure::kFunctionFailed, "exit code 1");
  });
  CHECK(until([&] { return closed; }));
  CHECK(received.ends_with("4\r\nhalf\r\n"));
}

TEST_CASE_FIXTURE(ConnectionTest, "a failure in a body that ends with the connection resets it") {
  say("GET / HTTP/1.0\r\n\r\n");
  CHECK(until([&] { return mode.current != nullptr; }));
  in_turn([&] {
    mode.exchange().head({});
    mode.exchange().write("half");
  });
  CHECK(until([&] { return got("half"); }));
  in_turn([&] { mode.exchange().fail(Failure::kFunctionFailed, "exit code 1"); });
  CHECK(until([&] { return reset; }));
}

TEST_CASE_FIXTURE(ConnectionTest,
                  "exec_timeout answers 504 at the deadline and cancels the invocation") {
  say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(until([&] { return mode.current != nullptr; }));
  pass(29s);
  CHECK(received.empty());
  pass(1s);
  CHECK(until([&] { return got("HTTP/1.1 504 "); }));
  CHECK(mode.destroyed == 1);
  CHECK(metrics.exec_timeouts == 1);
}

TEST_CASE_FIXTURE(ConnectionTest, "X-Timeout shortens exec_timeout") {
  say("GET / HTTP/1.1\r\nHost: a\r\nX-Timeout: 2s\r\n\r\n");
  CHECK(until([&] { return mode.current != nullptr; }));
  pass(2s);
  CHECK(until([&] { return got("HTTP/1.1 504 "); }));
}

TEST_CASE_FIXTURE(ConnectionTest, "X-Timeout neither lengthens exec_timeout nor switches it off") {
  for (const std::string value : {"0", "-5s", "nonsense", "1h"}) {
    received.clear();
    say("GET / HTTP/1.1\r\nHost: a\r\nX-Timeout: " + value + "\r\n\r\n");
    CHECK(until([&] { return mode.current != nullptr; }));
    pass(29s);
    CHECK(received.empty());
    pass(1s);
    CHECK(until([&] { return got("HTTP/1.1 504 "); }));
  }
}

TEST_CASE_FIXTURE(ConnectionTest, "a head that does not arrive in time is answered with 408") {
  say("GET / HTT");
  settle();
  pass(30s);
  CHECK(until([&] { return got("HTTP/1.1 408 "); }));
  CHECK(mode.invoked == 0);
}

TEST_CASE_FIXTURE(ConnectionTest, "a body that does not arrive in time is answered with 408") {
  say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  CHECK(until([&] { return mode.body == "abc"; }));
  config.exec_timeout = Duration::zero();
  pass(30s);
  CHECK(until([&] { return got("HTTP/1.1 408 "); }));
  CHECK(mode.destroyed == 1);
}

TEST_CASE_FIXTURE(ConnectionTest,
                  "while the function is full the body stops, and read_timeout with it") {
  config.exec_timeout = Duration::zero();
  mode.pause_upload = true;
  say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
  CHECK(until([&] { return mode.body == "abc"; }));
  say("def");
  pass(10min);
  CHECK(mode.body == "abc");
  CHECK(received.empty());
  mode.pause_upload = false;
  mode.on_request = reply_ok;
  in_turn([&] { mode.exchange().resume_upload(); });
  CHECK(until([&] { return mode.body == "abcdef" && got("HTTP/1.1 200 OK"); }));
}

TEST_CASE_FIXTURE(ConnectionTest, "a body whose last piece is one too many is told to have ended") {
  mode.pause_upload = true;
  say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
  CHECK(until([&] { return mode.body_ended; }));
  CHECK(mode.body == "abc");
  client.close();
  settle();
  pass(1ms);
  CHECK(until([&] { return server->connections() == 0; }));  // and who goes meanwhile is missed
}

TEST_CASE_FIXTURE(ConnectionTest,
                  "an idle connection is closed without a word after idle_timeout") {
  mode.on_request = reply_ok;
  say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(until([&] { return got("ok"); }));
  received.clear();
  pass(119s);
  CHECK_FALSE(closed);
  pass(1s);
  CHECK(until([&] { return closed; }));
  CHECK(received.empty());
}

TEST_CASE_FIXTURE(ConnectionTest, "a client that takes nothing for write_timeout is cut off") {
  config.exec_timeout = Duration::zero();
  say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(until([&] { return mode.current != nullptr; }));
  const std::string piece(1'000'000, 'x');
  in_turn([&] {
    mode.exchange().head({});
    for (int i = 0; i < 20; ++i) mode.exchange().write(piece);
    CHECK(mode.exchange().response_full());
  });
  // Nobody reads: let the kernel's buffers fill, then let time pass.
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 5; ++j) loop.poll();
    clock.advance(30s);
  }
  loop.poll();
  CHECK(server->connections() == 0);
  CHECK(mode.destroyed == 1);
}

TEST_CASE_FIXTURE(ConnectionTest,
                  "a mode that filled the client's buffers is told when they are empty") {
  say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(until([&] { return mode.current != nullptr; }));
  const std::string piece(1'000'000, 'x');
  in_turn([&] {
    mode.exchange().head({});
    while (!mode.exchange().response_full()) mode.exchange().write(piece);
  });
  CHECK(mode.drained == 0);
  CHECK(until([&] { return mode.drained == 1; }));
}

TEST_CASE_FIXTURE(ConnectionTest, "100 Continue is sent when the body is wanted") {
  say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  CHECK(until([&] { return received == "HTTP/1.1 100 Continue\r\n\r\n"; }));
  mode.on_request = reply_ok;
  say("hi");
  CHECK(until([&] { return got("HTTP/1.1 200 OK"); }));
}

TEST_CASE_FIXTURE(ConnectionTest, "100 Continue is not sent to a request that is refused") {
  config.max_body_size = 1;
  say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  CHECK(until([&] { return got("HTTP/1.1 413 "); }));
  CHECK_FALSE(got("100 Continue"));
  CHECK(got("Connection: close\r\n"));
}

TEST_CASE_FIXTURE(ConnectionTest, "a chunked body that grows beyond max_body_size gets 413") {
  config.max_body_size = 4;
  say("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  CHECK(until([&] { return mode.body == "abc"; }));
  say("2\r\nde\r\n");
  CHECK(until([&] { return got("HTTP/1.1 413 "); }));
  CHECK(mode.body == "abc");
  CHECK(mode.destroyed == 1);
}

TEST_CASE_FIXTURE(ConnectionTest, "nothing of a malformed request reaches the mode") {
  say("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
  CHECK(until([&] { return got("HTTP/1.1 400 ") && got("Connection: close\r\n"); }));
  client.close();
  settle();
  CHECK(mode.invoked == 0);
}

TEST_CASE_FIXTURE(ConnectionTest,
                  "a malformed chunk in the middle of a body ends the request with 400") {
  say("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  CHECK(until([&] { return mode.body == "abc"; }));
  say("zz\r\n");
  CHECK(until([&] { return got("HTTP/1.1 400 "); }));
  CHECK_FALSE(mode.body_ended);
  CHECK(mode.destroyed == 1);
}

TEST_CASE_FIXTURE(ConnectionTest, "an invocation that outlives its client runs to its end") {
  mode.outlives_client = true;
  say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(until([&] { return mode.current != nullptr; }));
  ::shutdown(client.get(), SHUT_WR);
  settle();
  REQUIRE(mode.current != nullptr);
  in_turn([&] { reply_ok(mode.exchange()); });
  CHECK(until([&] { return closed; }));
  CHECK(received.ends_with("ok"));
  CHECK(server->connections() == 0);
}

TEST_CASE_FIXTURE(
    ConnectionTest,
    "a client that leaves within its body has the invocation cancelled, whatever it outlives") {
  mode.outlives_client = true;
  say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  CHECK(until([&] { return mode.body == "abc"; }));
  client.close();
  CHECK(until([&] { return mode.destroyed == 1 && server->connections() == 0; }));
  CHECK_FALSE(mode.body_ended);
}

TEST_CASE_FIXTURE(ConnectionTest,
                  "an answer that comes before the end of the body is sent at once, and the rest "
                  "is thrown away") {
  say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
  CHECK(until([&] { return mode.body == "abc"; }));
  in_turn([&] { reply_ok(mode.exchange()); });
  CHECK(until([&] { return got("\r\n\r\nok"); }));
  mode.on_request = reply_ok;
  received.clear();
  say("defGET /next HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(until([&] { return got("\r\n\r\nok"); }));
  CHECK(mode.targets.back() == "/next");
  CHECK(mode.body == "abc");
}

TEST_CASE_FIXTURE(ConnectionTest, "a closing server answers with Connection: close, and closes") {
  service.closing = true;
  mode.on_request = reply_ok;
  say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(until([&] { return closed; }));
  CHECK(got("Connection: close\r\n"));
  CHECK(received.ends_with("ok"));
}

TEST_CASE_FIXTURE(ConnectionTest,
                  "stop_accepting closes idle connections and lets the others finish") {
  say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(until([&] { return mode.current != nullptr; }));
  service.closing = true;
  in_turn([&] { server->stop_accepting(); });
  settle();
  CHECK(server->connections() == 1);
  in_turn([&] { reply_ok(mode.exchange()); });
  CHECK(until([&] { return closed && server->connections() == 0; }));
  CHECK(received.ends_with("ok"));
}

TEST_CASE_FIXTURE(ConnectionTest, "abort answers 503 to what is still unanswered") {
  say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(until([&] { return mode.current != nullptr; }));
  service.closing = true;
  in_turn([&] { server->on_stopping(); });
  CHECK(mode.stopping);
  in_turn([&] { server->abort(); });
  CHECK(until([&] { return got("HTTP/1.1 503 "); }));
  CHECK(mode.destroyed == 1);
}

TEST_CASE_FIXTURE(ConnectionTest,
                  "a request in flight is counted while it is, and once when it has ended") {
  say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(until([&] { return mode.current != nullptr; }));
  CHECK(metrics.requests_in_flight == 1);
  in_turn([&] { reply_ok(mode.exchange()); });
  CHECK(metrics.requests_in_flight == 0);
  CHECK(text_of(metrics).find("http_requests_total{code=\"200\",method=\"get\"} 1\n") !=
        std::string::npos);
}

namespace {

// What the loop closes when a descriptor is needed and none is left.
struct Spare : ConnectionTest {
  bool reclaim() {
    bool reclaimed = false;
    in_turn([&] { reclaimed = loop.reclaim_descriptor(); });
    return reclaimed;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Spare, "a connection that has said nothing is closed for its descriptor") {
  CHECK(reclaim());
  CHECK(server->connections() == 0);
  CHECK(until([&] { return closed; }));
  CHECK_FALSE(reclaim());
}

TEST_CASE_FIXTURE(Spare, "so is one that waits for its next request") {
  mode.on_request = reply_ok;
  say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(until([&] { return got("\r\n\r\nok"); }));
  CHECK(reclaim());
  CHECK(until([&] { return closed; }));
}

TEST_CASE_FIXTURE(Spare, "so is one with half a head") {
  say("GET / HTTP/1.1\r\nHos");
  settle();
  CHECK(reclaim());
  CHECK(until([&] { return closed; }));
}

TEST_CASE_FIXTURE(Spare, "so is one that lingers after its last answer") {
  mode.fail_at_once = true;
  service.closing = true;
  say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  CHECK(until([&] { return closed; }));
  CHECK(server->connections() == 1);
  CHECK(reclaim());
  CHECK(server->connections() == 0);
}

TEST_CASE_FIXTURE(Spare, "one with a request that waits to be read stays") {
  mode.on_request = reply_ok;
  say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK_FALSE(reclaim());
  CHECK(until([&] { return got("\r\n\r\nok"); }));
}

TEST_CASE_FIXTURE(Spare, "one whose request's body is still coming stays") {
  say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  CHECK(until([&] { return mode.body == "abc"; }));
  CHECK_FALSE(reclaim());
}

TEST_CASE_FIXTURE(Spare, "one whose request is being answered stays") {
  say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(until([&] { return mode.current != nullptr; }));
  CHECK_FALSE(reclaim());
  in_turn([&] {
    mode.exchange().head({});
    mode.exchange().write("half");
  });
  CHECK_FALSE(reclaim());
  in_turn([&] { mode.exchange().end(); });
  CHECK(until([&] { return got("0\r\n\r\n"); }));
}

TEST_CASE_FIXTURE(Spare, "one whose answer has not left yet stays") {
  say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(until([&] { return mode.current != nullptr; }));
  const std::string large(8 << 20, 'x');
  in_turn([&] {
    mode.exchange().head({});
    mode.exchange().write(large);
    mode.exchange().end();
  });
  loop.poll();
  CHECK_FALSE(reclaim());
  CHECK(until([&] { return received.ends_with("0\r\n\r\n"); }));
  CHECK(reclaim());
}

TEST_CASE_FIXTURE(Spare,
                  "one that is answered in the same turn stays, for who answers it uses it") {
  say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(until([&] { return mode.current != nullptr; }));
  in_turn([&] {
    reply_ok(mode.exchange());
    CHECK_FALSE(loop.reclaim_descriptor());
  });
  CHECK(until([&] { return got("\r\n\r\nok"); }));
  CHECK(reclaim());
}

TEST_CASE_FIXTURE(Spare, "the newest of a server with spares stay, for whom the spares are") {
  in_turn([&] { server.reset(); });
  auto socket = Listener::bind("127.0.0.1", 0);
  REQUIRE(socket);
  const uint16_t port = bound_port(socket->get());
  server = std::make_unique<Server>(context, service, std::move(*socket), balancer, 1);
  const Fd first = connect(port);
  REQUIRE(until([&] { return server->connections() == 1; }));
  CHECK_FALSE(reclaim());
  const Fd second = connect(port);
  REQUIRE(until([&] { return server->connections() == 2; }));
  CHECK(reclaim());
  CHECK_FALSE(reclaim());
  char byte = 0;
  CHECK(::read(first.get(), &byte, 1) == 0);
  CHECK(::read(second.get(), &byte, 1) < 0);
}

TEST_CASE_FIXTURE(Spare, "nothing is closed for a want of anything else") {
  in_turn([&] {
    CHECK_FALSE(loop.made_room(ENOENT));
    CHECK_FALSE(loop.made_room(ENOMEM));
    CHECK(loop.made_room(EMFILE));
  });
}

namespace {

// A client that has said all it will say; whether it still listens is another matter.
struct SaidAll : ConnectionTest {
  void say_no_more() { REQUIRE(::shutdown(client.get(), SHUT_WR) == 0); }
  void ask() {
    say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(until([&] { return mode.current != nullptr; }));
  }
  // Long enough for a reset to have come.
  void listen_for_reset() {
    settle();
    pass(1ms);
    settle();
  }
};

}  // namespace

TEST_CASE_FIXTURE(SaidAll, "a client that has closed its half gets the whole answer, and the end") {
  ask();
  say_no_more();
  listen_for_reset();
  CHECK(received == "HTTP/1.1 ");
  pass(5s);
  REQUIRE(mode.current != nullptr);
  in_turn([&] { reply_ok(mode.exchange()); });
  CHECK(until([&] { return closed; }));
  CHECK(received.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(got("Connection: close\r\n"));
  CHECK(received.ends_with("\r\n\r\nok"));
}

TEST_CASE_FIXTURE(SaidAll, "so it does after an interim response") {
  ask();
  say_no_more();
  listen_for_reset();
  in_turn([&] {
    mode.exchange().interim({.status = 103});
    reply_ok(mode.exchange());
  });
  CHECK(until([&] { return closed; }));
  CHECK(received.starts_with("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n"));
}

TEST_CASE_FIXTURE(SaidAll, "so it does in the middle of a chunked answer") {
  ask();
  in_turn([&] {
    mode.exchange().head({});
    mode.exchange().write("tick");
  });
  CHECK(until([&] { return got("4\r\ntick\r\n"); }));
  say_no_more();
  listen_for_reset();
  in_turn([&] { mode.exchange().write("tock"); });
  in_turn([&] { mode.exchange().end(); });
  CHECK(until([&] { return closed; }));
  CHECK(received.ends_with("4\r\ntick\r\n04\r\ntock\r\n0\r\n\r\n"));
}

TEST_CASE_FIXTURE(SaidAll, "requests that it had sent before are all answered") {
  mode.on_request = reply_ok;
  say("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
  say_no_more();
  CHECK(until([&] { return closed; }));
  CHECK(mode.targets == std::vector<std::string>{"/1", "/2"});
}

TEST_CASE_FIXTURE(SaidAll, "requests behind one that takes its time are answered too") {
  say("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(until([&] { return mode.current != nullptr; }));
  say_no_more();
  settle();
  pass(3s);
  REQUIRE(mode.current != nullptr);
  in_turn([&] { reply_ok(mode.exchange()); });
  CHECK(until([&] { return mode.invoked == 2; }));
  in_turn([&] { reply_ok(mode.exchange()); });
  CHECK(until([&] { return closed; }));
  CHECK(received.ends_with("\r\n\r\nok"));
}

TEST_CASE_FIXTURE(SaidAll, "a body that waits for the function is taken to its end") {
  mode.pause_upload = true;
  say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
  REQUIRE(until([&] { return mode.body == "abc"; }));
  say("def");
  say_no_more();
  settle();
  pass(3s);
  REQUIRE(mode.current != nullptr);
  mode.pause_upload = false;
  in_turn([&] { mode.exchange().resume_upload(); });
  CHECK(until([&] { return mode.body_ended; }));
  CHECK(mode.body == "abcdef");
  in_turn([&] { reply_ok(mode.exchange()); });
  CHECK(until([&] { return closed; }));
  CHECK(received.starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_CASE_FIXTURE(SaidAll, "in the middle of a request its end is the request's") {
  say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
  REQUIRE(until([&] { return mode.body == "abc"; }));
  say_no_more();
  CHECK(until([&] { return mode.destroyed == 1; }));
  CHECK_FALSE(mode.body_ended);
}

TEST_CASE_FIXTURE(SaidAll,
                  "a client that hangs up is noticed by the reset, and cancels the invocation") {
  ask();
  client = Fd();
  listen_for_reset();
  CHECK(mode.destroyed == 1);
  CHECK(server->connections() == 0);
}

TEST_CASE_FIXTURE(SaidAll, "it is noticed in the middle of a chunked answer that says nothing") {
  ask();
  in_turn([&] {
    mode.exchange().head({});
    mode.exchange().write("tick");
  });
  CHECK(until([&] { return got("4\r\ntick\r\n"); }));
  client = Fd();
  listen_for_reset();
  CHECK(mode.destroyed == 1);
}

TEST_CASE_FIXTURE(SaidAll, "a client that has closed both halves is noticed while its body waits") {
  mode.pause_upload = true;
  say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
  REQUIRE(until([&] { return mode.body == "abc"; }));
  say("def");
  client = Fd();
  settle();
  pass(1s);
  settle();
  pass(1s);
  CHECK(mode.destroyed == 1);
}

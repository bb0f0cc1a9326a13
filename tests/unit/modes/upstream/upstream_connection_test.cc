#include "modes/upstream/upstream_connection.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>
#include <string>

#include "http/http_response_reader.h"

using namespace watchdog;

namespace {

constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

// Takes down what becomes of a request.
struct Recorder final : UpstreamConnection::Handler {
  int status = 0;
  std::string body;
  std::string problem;
  bool ended = false;

  void on_response_head(const UpstreamResponse& head) override { status = head.status; }
  void on_response_body(std::string_view bytes) override { body += bytes; }
  void on_response_end(std::string_view) override { ended = true; }
  void on_upstream_failed(Failure, std::string_view what) override { problem = what; }
  void on_upstream_drained() override {}
};

// A connection over TCP to a server that is this test.
struct UpstreamConnectionTest {
  Loop loop;
  Fd server;
  std::unique_ptr<UpstreamConnection> connection;

  UpstreamConnectionTest() {
    const Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(listener.get(), 1) == 0);
    REQUIRE(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::fcntl(socket.get(), F_SETFL, O_NONBLOCK) == 0);
    server = Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const Turn turn(loop);
    connection = std::make_unique<UpstreamConnection>(loop, std::move(socket),
                                                      UpstreamConnection::Peer::kLoopback,
                                                      std::make_unique<HttpResponseReader>(), 1000);
  }
  ~UpstreamConnectionTest() { connection.reset(); }

  void server_says(std::string_view text) {
    REQUIRE(::send(server.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
  }
  void begin(Recorder& recorder, std::string_view method) {
    const Turn turn(loop);
    connection->begin(recorder, method);
  }
  void ask(Recorder& recorder, std::string_view method = "GET") {
    begin(recorder, method);
    connection->write({kRequest});
    loop.poll();
  }
  void settle() {
    for (int i = 0; i < 3; ++i) loop.poll();
  }
  // The outcome of a request that is answered so.
  Recorder answered(std::string_view answer, std::string_view method = "GET") {
    Recorder recorder;
    ask(recorder, method);
    server_says(answer);
    settle();
    return recorder;
  }
};

}  // namespace

TEST_CASE("a connection is good for another request after an answer that says where it ends") {
  for (const std::string_view answer :
       {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"}) {
    CAPTURE(answer);
    UpstreamConnectionTest fixture;
    for (int i = 0; i < 2; ++i) {
      CHECK(fixture.answered(answer).ended);
      CHECK(fixture.connection->reusable());
      CHECK(fixture.connection->waits_for_request());
    }
  }
}

TEST_CASE("a connection is good for no other request when the answer has no body by rule alone") {
  for (const std::string_view answer : {"HTTP/1.1 204 No Content\r\n\r\n",
                                        "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"}) {
    CAPTURE(answer);
    UpstreamConnectionTest fixture;
    CHECK(fixture.answered(answer).ended);
    CHECK_FALSE(fixture.connection->reusable());
    CHECK_FALSE(fixture.connection->overran());
  }
  UpstreamConnectionTest fixture;
  CHECK(fixture.answered("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", "HEAD").ended);
  CHECK_FALSE(fixture.connection->reusable());
}

TEST_CASE("bytes behind an answer, at whatever moment, spoil the connection") {
  constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  UpstreamConnectionTest fixture;
  SUBCASE("with it") {
    CHECK(fixture.answered(std::string(kAnswer) + "more").body == "ok");
  }
  SUBCASE("while it rests") {
    CHECK(fixture.answered(kAnswer).ended);
    bool lost = false;
    {
      const Turn turn(fixture.loop);
      fixture.connection->become_idle([&lost] { lost = true; });
    }
    fixture.server_says("HTTP/1.1 200 OK\r\n");
    fixture.settle();
    CHECK(lost);
  }
  SUBCASE("before anybody looked") {
    CHECK(fixture.answered(kAnswer).ended);
    fixture.server_says("HTTP/1.1 200 OK\r\n");
    CHECK_FALSE(fixture.connection->waits_for_request());
  }
  SUBCASE("before the next request has left") {
    CHECK(fixture.answered(kAnswer).ended);
    Recorder next;
    fixture.begin(next, "GET");
    fixture.server_says(kAnswer);
    fixture.settle();
    CHECK(next.status == 0);
    CHECK(next.problem == "it sent bytes that nobody asked for");
    CHECK_FALSE(fixture.connection->response_begun());
    CHECK(fixture.connection->nothing_received());
  }
  SUBCASE("as what begins no answer to the next request") {
    CHECK(fixture.answered(kAnswer).ended);
    const Recorder next = fixture.answered("the restHTTP/1.1 200 OK\r\n");
    CHECK(next.problem.starts_with("its answer is not HTTP"));
    CHECK_FALSE(fixture.connection->response_begun());
  }
  CHECK(fixture.connection->overran());
  CHECK_FALSE(fixture.connection->reusable());
}

TEST_CASE("a notice that an idle connection will be closed is no fault") {
  UpstreamConnectionTest fixture;
  CHECK(fixture.answered("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").ended);
  bool lost = false;
  {
    const Turn turn(fixture.loop);
    fixture.connection->become_idle([&lost] { lost = true; });
  }
  fixture.server_says("HTTP/1.1 408 Request Timeout\r\n\r\n");
  fixture.settle();
  CHECK(lost);
  CHECK_FALSE(fixture.connection->overran());
}

TEST_CASE("a connection that the server has closed waits for no request") {
  UpstreamConnectionTest fixture;
  CHECK(fixture.answered("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").ended);
  fixture.server.close();
  CHECK_FALSE(fixture.connection->waits_for_request());
  CHECK_FALSE(fixture.connection->overran());
}

#include "function/upstream_probe.h"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>

#include "fake_clock.h"
#include "modes/upstream/fake_upstream.h"

using namespace watchdog;
using namespace std::chrono_literals;

namespace {

struct UpstreamProbeTest {
  FakeClock clock;
  Loop loop{clock};
  FakeUpstream server{loop};
  Instance instance;
  std::unique_ptr<UpstreamProbe> probe;
  std::optional<std::string> verdict;  // "ready", or what is wrong

  UpstreamProbeTest() { server.describe(instance); }
  ~UpstreamProbeTest() {
    const Turn turn(loop);
    probe.reset();
  }

  void make(std::string path) {
    probe = std::make_unique<UpstreamProbe>(loop, instance.addresses, "the function",
                                            instance.authority, std::move(path));
  }
  void ask() {
    const Turn turn(loop);
    probe->ask([this](const std::optional<std::string>& problem) {
      CHECK_FALSE(verdict);
      verdict = problem.value_or("ready");
    });
    CHECK_FALSE(verdict);  // never inside of the call
  }
  // Asks for /ready, and takes the connection and the request.
  FakeUpstream::Peer& asked() {
    if (!probe) make("/ready");
    ask();
    FakeUpstream::Peer& peer = server.accept();
    peer.expect("\r\n\r\n");
    return peer;
  }
  std::string outcome() {
    REQUIRE(poll_until(loop, [this] { return verdict.has_value(); }));
    return *verdict;
  }
  void settle() {
    for (int i = 0; i < 3; ++i) loop.poll();
  }
  void pass(Duration time) {
    clock.advance(time);
    settle();
  }
};

}  // namespace

TEST_CASE_FIXTURE(UpstreamProbeTest, "without a path a server that takes a connection is ready") {
  make("");
  ask();
  CHECK(outcome() == "ready");
}

TEST_CASE_FIXTURE(UpstreamProbeTest, "a server that refuses the connection is not ready") {
  server.refuse();
  make("");
  ask();
  CHECK(outcome() == "cannot connect to the function: Connection refused");
}

TEST_CASE_FIXTURE(UpstreamProbeTest, "a path is asked for on a connection of its own") {
  CHECK(asked().receive() == "GET /ready HTTP/1.1\r\nHost: " + instance.authority +
                                 "\r\nUser-Agent: fwatchdog\r\nConnection: close\r\n\r\n");
}

TEST_CASE_FIXTURE(UpstreamProbeTest, "a final response of 2xx says that the server is ready") {
  struct Row {
    std::string_view response;
    std::string_view verdict;
  };
  for (const Row& row :
       {Row{"HTTP/1.1 200 OK\r\n\r\n", "ready"},
        Row{"HTTP/1.1 299 Fine\r\nContent-Length: 9\r\n\r\n", "ready"},
        Row{"HTTP/1.0 204 No Content\r\n\r\n", "ready"},
        Row{"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "ready"},
        Row{"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 503 No\r\n\r\n", "503"},
        Row{"HTTP/1.1 301 Moved\r\n\r\n", "301"}, Row{"HTTP/1.1 404 Not Found\r\n\r\n", "404"},
        Row{"HTTP/1.1 503 Not Yet\r\n\r\n", "503"}}) {
    CAPTURE(row.response);
    verdict.reset();
    asked().say(row.response);
    pass(0s);
    CHECK(outcome().ends_with(row.verdict));
  }
}

TEST_CASE_FIXTURE(UpstreamProbeTest, "a response that comes in pieces is put together") {
  FakeUpstream::Peer& peer = asked();
  peer.say("HTTP/1.1 2");
  settle();
  CHECK_FALSE(verdict);
  peer.say("00 OK\r\n\r\n");
  CHECK(outcome() == "ready");
}

TEST_CASE_FIXTURE(UpstreamProbeTest, "what is no response says that the server is not ready") {
  FakeUpstream::Peer& peer = asked();
  SUBCASE("nothing, and the end") {
    peer.close();
    CHECK(outcome() == "the function closes the connection when asked for /ready");
  }
  SUBCASE("a reset") {
    peer.reset();
    CHECK(outcome() == "the function: Connection reset by peer");
  }
  SUBCASE("another protocol") {
    peer.say("SSH-2.0-OpenSSH\r\n\r\n");
    CHECK(outcome().starts_with("the function: its answer is not HTTP: "));
  }
}

TEST_CASE_FIXTURE(UpstreamProbeTest, "a server that says nothing for a second is not ready") {
  FakeUpstream::Peer& peer = asked();
  pass(999ms);
  CHECK_FALSE(verdict);
  pass(1ms);
  CHECK(verdict == "the function: no answer");
  peer.expect_end();
}

TEST_CASE_FIXTURE(UpstreamProbeTest,
                  "only what a server says against its being ready is deferred") {
  make("/ready");
  probe->defer_refusals();
  SUBCASE("a refusal in HTTP, by 100 ms, without the connection") {
    FakeUpstream::Peer& peer = asked();
    peer.say("HTTP/1.1 503 Not Yet\r\n\r\n");
    peer.expect_end();
    pass(99ms);
    CHECK_FALSE(verdict);
    pass(1ms);
    CHECK(verdict == "the function answers /ready with 503");
  }
  SUBCASE("not that it is ready") {
    asked().say("HTTP/1.1 200 OK\r\n\r\n");
    CHECK(outcome() == "ready");
  }
  SUBCASE("not that it takes no connection") {
    server.refuse();
    ask();
    CHECK(outcome() == "cannot connect to the function: Connection refused");
  }
}

TEST_CASE_FIXTURE(UpstreamProbeTest, "a question that is taken back is not answered") {
  FakeUpstream::Peer& peer = asked();
  {
    const Turn turn(loop);
    SUBCASE("by cancel()") {
      probe->cancel();
    }
    SUBCASE("by the end of the probe") {
      probe.reset();
    }
  }
  peer.expect_end();
  pass(2s);
  CHECK_FALSE(verdict);
}

TEST_CASE_FIXTURE(UpstreamProbeTest, "a new question replaces the one that is under way") {
  FakeUpstream::Peer& first = asked();
  first.say("HTTP/1.1 503 ");
  settle();
  FakeUpstream::Peer& second = asked();
  first.expect_end();
  second.say("HTTP/1.1 200 OK\r\n\r\n");
  CHECK(outcome() == "ready");
}

TEST_CASE_FIXTURE(UpstreamProbeTest, "a probe can be asked again and again") {
  for (int i = 0; i < 3; ++i) {
    verdict.reset();
    asked().say("HTTP/1.1 200 OK\r\n\r\n");
    CHECK(outcome() == "ready");
  }
}

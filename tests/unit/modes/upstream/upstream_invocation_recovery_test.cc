// How UpstreamInvocation fares with a server that is not ready, refuses, breaks off or hangs.

#include <doctest/doctest.h>

#include <string>

#include "modes/upstream/upstream_fixture.h"
#include "modes/upstream/upstream_invocation.h"

using namespace watchdog;
using namespace std::chrono_literals;

// --- waiting until an instance is ready ---

TEST_CASE_FIXTURE(UpstreamFixture, "requests wait until an instance is ready, in their order") {
  FakeUpstream& server = add_server(Instance::State::kComing);
  ask("GET", "/1");
  ask("GET", "/2");
  CHECK_FALSE(server.is_asked());
  pass(4s);
  change(Instance::State::kReady);
  server.accept().expect("GET /1 ");
  server.accept().expect("GET /2 ");
}

TEST_CASE_FIXTURE(UpstreamFixture, "an upload waits with its request") {
  FakeUpstream& server = add_server(Instance::State::kComing);
  Client& client = upload();
  CHECK(client.connection.upload_paused);
  change(Instance::State::kReady);
  server.accept().expect("\r\n\r\n");
  CHECK_FALSE(client.connection.upload_paused);
}

TEST_CASE_FIXTURE(UpstreamFixture, "after startup_timeout a request that waits gets 503") {
  add_server(Instance::State::kComing);
  Client& client = ask();
  pass(4999ms);
  CHECK(client.exchange.active());
  pass(1ms);
  CHECK(client.connection.status() == "503");
  CHECK(client.connection.got("not_ready: the function was not ready within startup_timeout=5s"));
}

TEST_CASE_FIXTURE(UpstreamFixture, "without startup_timeout a request waits as long as it takes") {
  config.startup_timeout = {};
  config.exec_timeout = 30s;
  FakeUpstream& server = add_server(Instance::State::kComing);
  Client& client = ask();
  pass(1h);
  CHECK(client.exchange.active());
  change(Instance::State::kReady);
  server.accept().expect("\r\n\r\n");
  pass(30s);  // it is the function's time only now
  CHECK(client.connection.status() == "504");
}

TEST_CASE_FIXTURE(UpstreamFixture, "a change that does not make it ready does not renew the time") {
  add_server(Instance::State::kComing);
  Client& client = ask();
  pass(3s);
  change(Instance::State::kComing);
  pass(2s);
  CHECK(client.connection.status() == "503");
}

TEST_CASE_FIXTURE(UpstreamFixture,
                  "a request that waits fails when the function will not be back") {
  add_server(Instance::State::kComing);
  Client& client = ask();
  SUBCASE("with what has become of it") {
    change(Instance::State::kGone, "the function exited with 3");
    CHECK(client.connection.got("not_ready: the function exited with 3"));
  }
  SUBCASE("as draining, where it was asked to end") {
    change(Instance::State::kGone);
    CHECK(client.connection.got("draining: the function was asked to end"));
  }
  CHECK(client.connection.status() == "503");
}

TEST_CASE_FIXTURE(UpstreamFixture, "when the watchdog stops only the requests that wait fail") {
  FakeUpstream& server = add_server();
  Client& passing = ask();
  FakeUpstream::Peer& peer = server.accept();
  peer.expect("\r\n\r\n");
  instance().state = Instance::State::kComing;
  Client& waiting = ask();
  in_turn([&] {
    passing.exchange.on_stopping();
    waiting.exchange.on_stopping();
  });
  CHECK(waiting.connection.status() == "503");
  CHECK(waiting.connection.got("draining: the function was not ready before the end"));
  peer.say(kWholeResponse);
  CHECK(outcome(passing) == "200");
}

TEST_CASE_FIXTURE(UpstreamFixture, "a client that disconnects while it waits is forgotten") {
  FakeUpstream& server = add_server(Instance::State::kComing);
  Client& client = ask();
  in_turn([&] { client.exchange.on_client_gone(); });
  settle();
  change(Instance::State::kReady);
  CHECK_FALSE(server.is_asked());
}

// --- connecting ---

TEST_CASE_FIXTURE(UpstreamFixture, "a server that refuses is asked again until it takes one") {
  FakeUpstream& server = add_server();
  server.refuse();
  Client& client = ask();
  pass(2s);
  CHECK(client.exchange.active());
  server.listen();
  pass(100ms);
  FakeUpstream::Peer& peer = server.accept();
  peer.expect("\r\n\r\n");
  peer.say(kWholeResponse);
  CHECK(outcome(client) == "200");
}

TEST_CASE_FIXTURE(UpstreamFixture, "a server that refuses for startup_timeout has failed") {
  config.exec_timeout = 2s;  // does not count meanwhile
  add_server().refuse();
  Client& client = ask();
  pass(4999ms);
  CHECK(client.exchange.active());
  pass(1ms);
  CHECK(client.connection.status() == "502");
  CHECK(client.connection.got("upstream_refused: cannot connect to " + instance().url));
}

TEST_CASE_FIXTURE(UpstreamFixture, "a request that one instance refuses goes to another") {
  FakeUpstream& one = add_server();
  FakeUpstream& other = add_server();
  one.refuse();
  instance(1).in_flight = 5;
  ask();
  other.accept().expect("\r\n\r\n");
  CHECK(instance(0).in_flight == 0);
  CHECK(instance(1).in_flight == 6);
}

TEST_CASE_FIXTURE(UpstreamFixture, "a refused request waits when its instance has ended") {
  FakeUpstream& server = add_server();
  server.refuse();
  Client& client = ask();
  settle();
  change(Instance::State::kComing);
  CHECK(instance().in_flight == 0);
  pass(2s);
  server.listen();
  change(Instance::State::kReady);
  server.accept().expect("\r\n\r\n");
  CHECK(client.exchange.active());
}

TEST_CASE_FIXTURE(UpstreamFixture,
                  "a request that is refused by what was asked to end is draining") {
  FakeUpstream& server = add_server();
  server.refuse();
  instance().asked_to_end = true;
  Client& client = ask();
  settle();
  CHECK(client.connection.status() == "503");
  CHECK(client.connection.got("draining: "));
}

// --- what breaks ---

TEST_CASE_FIXTURE(UpstreamFixture,
                  "a new connection that breaks has its request sent again, once") {
  FakeUpstream& server = add_server();
  Client& client = ask();
  for (int i = 0; i < 2; ++i) {
    FakeUpstream::Peer& peer = server.accept();
    peer.expect("\r\n\r\n");
    peer.close();
  }
  CHECK(outcome(client) == "502");
  CHECK(client.connection.got("upstream_broken: it closed the connection without an answer"));
  CHECK_FALSE(server.is_asked());
}

TEST_CASE_FIXTURE(UpstreamFixture, "a request that is reset unread is sent again three times") {
  FakeUpstream& server = add_server();
  Client& client = ask();
  for (int i = 0; i < 4; ++i) server.accept().reset();
  CHECK(outcome(client) == "502");
  CHECK_FALSE(server.is_asked());
}

TEST_CASE_FIXTURE(UpstreamFixture, "a request that broke on one instance is sent to another") {
  FakeUpstream& one = add_server();
  FakeUpstream& other = add_server();
  instance(1).in_flight = 5;
  Client& client = ask();
  FakeUpstream::Peer& peer = one.accept();
  peer.expect("\r\n\r\n");
  peer.close();
  FakeUpstream::Peer& fresh = other.accept();
  fresh.expect("\r\n\r\n");
  fresh.say(kWholeResponse);
  CHECK(outcome(client) == "200");
}

TEST_CASE_FIXTURE(UpstreamFixture,
                  "a request that may have ended the server does not wait for it") {
  FakeUpstream& server = add_server();
  Client& client = ask();
  FakeUpstream::Peer& peer = server.accept();
  peer.expect("\r\n\r\n");
  server.refuse();
  peer.close();
  settle();
  change(Instance::State::kComing);
  CHECK(client.connection.status() == "502");
  CHECK(client.connection.got("upstream_broken: it closed the connection without an answer"));
}

TEST_CASE_FIXTURE(UpstreamFixture, "a response that breaks off ends the client's connection, too") {
  FakeUpstream& server = add_server();
  Client& client = ask();
  FakeUpstream::Peer& peer = server.accept();
  peer.expect("\r\n\r\n");
  peer.say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab");
  REQUIRE(poll_until(loop, [&] { return client.connection.received.ends_with("ab"); }));
  peer.close();
  CHECK(outcome(client) == "200");
  CHECK(client.connection.endings.front() == Exchange::Ending::kClose);
  CHECK_FALSE(server.is_asked());
}

TEST_CASE_FIXTURE(UpstreamFixture, "a head that breaks off is a failure, and not asked for again") {
  FakeUpstream& server = add_server();
  Client& client = ask();
  FakeUpstream::Peer& peer = server.accept();
  peer.expect("\r\n\r\n");
  peer.say("HTTP/1.1 200 OK\r\nConte");
  settle();
  peer.close();
  CHECK(outcome(client) == "502");
  CHECK_FALSE(server.is_asked());
}

TEST_CASE_FIXTURE(UpstreamFixture,
                  "a request that runs into exec_timeout counts against its server") {
  config.exec_timeout = 30s;
  FakeUpstream& server = add_server();
  instance().most_timeouts = 2;
  int changes = 0;
  function.on_hanging([&] { ++changes; });
  for (int i = 0; i < 2; ++i) {
    CHECK_FALSE(instance().hung());
    Client& client = ask();
    FakeUpstream::Peer& peer = server.accept();
    peer.expect("\r\n\r\n");
    pass(30s);
    CHECK(client.connection.status() == "504");
    peer.expect_end();
  }
  CHECK(instance().hung());
  CHECK(changes == 1);
  Client& client = ask();
  FakeUpstream::Peer& peer = server.accept();
  peer.expect("\r\n\r\n");
  peer.say("HTTP/1.1 200 OK\r\n\r\n");
  REQUIRE(poll_until(loop, [&] { return client.connection.status() == "200"; }));
  CHECK_FALSE(instance().hung());
  CHECK(changes == 2);
}

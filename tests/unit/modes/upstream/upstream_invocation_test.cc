#include "modes/upstream/upstream_invocation.h"

#include <doctest/doctest.h>

#include <string>

#include "modes/upstream/upstream_fixture.h"

using namespace watchdog;
using namespace std::chrono_literals;

// --- passing ---

TEST_CASE_FIXTURE(UpstreamFixture, "a request reaches the server, and its response the client") {
  FakeUpstream& server = add_server();
  Client& client = ask("GET", "/a?b=c");
  FakeUpstream::Peer& peer = server.accept();
  CHECK(peer.expect("\r\n\r\n") ==
        "GET /a?b=c HTTP/1.1\r\nHost: " + instance().authority + "\r\n\r\n");
  CHECK(instance().in_flight == 1);
  peer.say("HTTP/1.1 201 Made\r\nContent-Length: 2\r\nX-Mine: 1\r\n\r\nok");
  CHECK(outcome(client) == "201");
  CHECK(client.connection.got("X-Mine: 1\r\n"));
  CHECK(client.connection.received.ends_with("\r\n\r\nok"));
  CHECK(client.connection.endings.front() == Exchange::Ending::kReuse);
  CHECK(instance().in_flight == 0);
}

TEST_CASE_FIXTURE(UpstreamFixture, "a body is passed on as it comes, and its trailers") {
  FakeUpstream& server = add_server();
  Client& client = upload();
  send_body(client, "abc");
  FakeUpstream::Peer& peer = server.accept();
  CHECK(peer.expect("3\r\nabc\r\n").find("Transfer-Encoding: chunked\r\n") != std::string::npos);
  peer.forget();
  send_body(client, "de");
  end_body(client, "X-Sum: 1\r\n");
  CHECK(peer.expect("\r\n\r\n") == "2\r\nde\r\n0\r\nX-Sum: 1\r\n\r\n");
  peer.say(kWholeResponse);
  CHECK(outcome(client) == "200");
}

TEST_CASE_FIXTURE(UpstreamFixture, "a body that is collected is sent with its length") {
  chunked = HttpProtocol::Chunked::kCollected;
  FakeUpstream& server = add_server();
  Client& client = upload();
  send_body(client, "abc");
  CHECK_FALSE(server.is_asked());
  send_body(client, "de");
  end_body(client);
  FakeUpstream::Peer& peer = server.accept();
  CHECK(peer.expect("abcde").find("Content-Length: 5\r\n") != std::string::npos);
}

TEST_CASE_FIXTURE(UpstreamFixture, "an upload pauses while the server takes nothing of it") {
  FakeUpstream& server = add_server();
  Client& client = upload();
  FakeUpstream::Peer& peer = server.accept();
  const std::string piece(Stream::kFull, 'x');
  for (int i = 0; i < 100 && !client.connection.upload_paused; ++i) {
    send_body(client, piece);
    settle();
  }
  REQUIRE(client.connection.upload_paused);
  CHECK(poll_until(loop, [&] {
    peer.receive();
    return !client.connection.upload_paused;
  }));
}

TEST_CASE_FIXTURE(UpstreamFixture, "the server waits while the client takes nothing") {
  FakeUpstream& server = add_server();
  Client& client = ask();
  client.connection.unsent_bytes = Stream::kFull;
  FakeUpstream::Peer& peer = server.accept();
  peer.expect("\r\n\r\n");
  peer.say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab");
  REQUIRE(poll_until(loop, [&] { return client.connection.received.ends_with("ab"); }));
  peer.say("cde");
  settle();
  CHECK(client.connection.received.ends_with("\r\n\r\nab"));
  CHECK(client.connection.sent_awaited);
  client.connection.unsent_bytes = 0;
  in_turn([&] { client.exchange.on_sent(); });
  CHECK(outcome(client) == "200");
  CHECK(client.connection.received.ends_with("\r\n\r\nabcde"));
}

TEST_CASE_FIXTURE(UpstreamFixture, "interim responses are passed on before the final one") {
  FakeUpstream& server = add_server();
  Client& client = ask();
  FakeUpstream::Peer& peer = server.accept();
  peer.expect("\r\n\r\n");
  peer.say("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + std::string(kWholeResponse));
  CHECK(outcome(client) == "103");
  CHECK(client.connection.got("Link: </a>\r\n\r\nHTTP/1.1 200 OK\r\n"));
}

TEST_CASE_FIXTURE(UpstreamFixture, "an event stream may last longer than exec_timeout") {
  config.exec_timeout = 30s;
  FakeUpstream& server = add_server();
  Client& client = ask();
  FakeUpstream::Peer& peer = server.accept();
  peer.expect("\r\n\r\n");
  peer.say("HTTP/1.1 200 OK\r\nContent-Type: Text/Event-Stream; charset=utf-8\r\n\r\n");
  REQUIRE(poll_until(loop, [&] { return client.connection.status() == "200"; }));
  pass(31s);
  CHECK(client.exchange.active());
  CHECK(instance().timeouts == 0);
}

TEST_CASE_FIXTURE(UpstreamFixture, "after a switch of protocols bytes are passed on as they are") {
  FakeUpstream& server = add_server();
  Client& client = add_client();
  client.request.fields.add("Connection", "Upgrade");
  client.request.fields.add("Upgrade", "chat");
  REQUIRE(client.request.connection.read(client.request.fields));
  start(client);
  FakeUpstream::Peer& peer = server.accept();
  peer.expect("Upgrade: chat\r\n");
  peer.say("HTTP/1.1 101 Switching Protocols\r\nUpgrade: chat\r\n\r\nhello");
  REQUIRE(poll_until(loop, [&] { return client.connection.received.ends_with("\r\n\r\nhello"); }));
  CHECK(client.connection.tunnel);
  send_body(client, "HTTP/1.1 is not spoken here");
  peer.expect("\r\n\r\nHTTP/1.1 is not spoken here");
  in_turn([&] { client.exchange.on_body_end(); });
  peer.expect_end();
  peer.close();
  REQUIRE(poll_until(loop, [&] { return !client.connection.endings.empty(); }));
}

TEST_CASE_FIXTURE(UpstreamFixture, "a switch of protocols that nobody asked for is a failure") {
  FakeUpstream& server = add_server();
  Client& client = ask();
  FakeUpstream::Peer& peer = server.accept();
  peer.expect("\r\n\r\n");
  peer.say("HTTP/1.1 101 Switching Protocols\r\nUpgrade: chat\r\n\r\n");
  CHECK(outcome(client) == "502");
  CHECK(client.connection.got("upstream_broken: it switched protocols without being asked"));
}

TEST_CASE_FIXTURE(UpstreamFixture, "a client that disconnects ends its request at the server") {
  FakeUpstream& server = add_server();
  Client& client = ask();
  FakeUpstream::Peer& peer = server.accept();
  peer.expect("\r\n\r\n");
  in_turn([&] { client.exchange.on_client_gone(); });
  peer.expect_end();
  CHECK(instance().in_flight == 0);
}

// --- one connection for several requests ---

TEST_CASE_FIXTURE(UpstreamFixture, "a connection serves one request after another") {
  FakeUpstream& server = add_server();
  Client& client = ask("GET", "/1");
  FakeUpstream::Peer& peer = server.accept();
  for (const std::string_view next : {"/2", "/3"}) {
    peer.expect("\r\n\r\n");
    peer.say(kWholeResponse);
    CHECK(outcome(client) == "200");
    peer.forget();
    client.request.target = next;
    start(client);
    CHECK_FALSE(server.is_asked());
    CHECK(peer.expect("\r\n\r\n").starts_with("GET " + std::string(next)));
  }
}

TEST_CASE_FIXTURE(UpstreamFixture, "a connection is not used again where that would not be safe") {
  FakeUpstream& server = add_server();
  const auto respond = [&](std::string_view response) {
    FakeUpstream::Peer& peer = server.accept();
    peer.expect("\r\n\r\n");
    peer.say(response);
    return &peer;
  };
  FakeUpstream::Peer* peer = nullptr;
  SUBCASE("the server says that it will close") {
    Client& client = ask();
    peer = respond("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    CHECK(outcome(client) == "200");
  }
  SUBCASE("the response came before the request was complete") {
    Client& client = upload();
    peer = respond(kWholeResponse);
    CHECK(outcome(client) == "200");
  }
  SUBCASE("the server may still say 100 Continue") {
    Client& client = add_client();
    client.request.method = "POST";
    client.request.framing = BodyFraming::kChunked;
    client.request.expects_continue = true;
    start(client);
    end_body(client);
    peer = respond(kWholeResponse);
    CHECK(outcome(client) == "200");
  }
  peer->expect_end();
  ask();
  server.accept().expect("\r\n\r\n");
}

TEST_CASE_FIXTURE(UpstreamFixture, "an idle connection that breaks has its request sent again") {
  FakeUpstream& server = add_server();
  Client& client = ask();
  FakeUpstream::Peer& peer = server.accept();
  peer.expect("\r\n\r\n");
  peer.say(kWholeResponse);
  CHECK(outcome(client) == "200");
  peer.forget();
  start(client);
  peer.expect("\r\n\r\n");
  peer.close();
  FakeUpstream::Peer& fresh = server.accept();
  fresh.expect("\r\n\r\n");
  fresh.say(kWholeResponse);
  CHECK(outcome(client) == "200");
}

TEST_CASE_FIXTURE(UpstreamFixture,
                  "a POST that an idle connection may have brought is not repeated") {
  FakeUpstream& server = add_server();
  Client& client = ask();
  FakeUpstream::Peer& peer = server.accept();
  peer.expect("\r\n\r\n");
  peer.say(kWholeResponse);
  CHECK(outcome(client) == "200");
  peer.forget();
  client.request.method = "POST";
  start(client);
  peer.expect("\r\n\r\n");
  peer.close();
  CHECK(outcome(client) == "502");
  CHECK(client.connection.got("upstream_broken: "));
  CHECK_FALSE(server.is_asked());
}

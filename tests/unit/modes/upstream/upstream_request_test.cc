#include "modes/upstream/upstream_request.h"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "fake_clock.h"
#include "http/http_response_reader.h"
#include "server/fake_connection.h"

using namespace watchdog;

namespace {

// Puts requests into a form in which every part of them can be seen.
struct VisibleProtocol : UpstreamProtocol {
  bool collecting = false;
  std::string too_large;

  bool collects(const RequestHead&) const override { return collecting; }
  std::optional<std::string> append_head(std::string& out, const OutgoingRequest& request,
                                         const Instance&) const override {
    if (!too_large.empty()) return too_large;
    out += "head";
    if (request.collected) out += " of " + std::to_string(*request.collected);
    out += "\n";
    return std::nullopt;
  }
  Frame frame(const OutgoingRequest&, size_t size) const override {
    return {.before = std::to_string(size) + ":", .after = "\n"};
  }
  std::string body_end(const OutgoingRequest&) const override { return "end\n"; }
  std::string abort(uint64_t) const override { return {}; }
  std::unique_ptr<ResponseReader> make_reader() const override {
    return std::make_unique<HttpResponseReader>();
  }
  Spares spares() const override { return Spares::kKept; }
  bool may_keep(const Instance&, size_t) const override { return true; }
};

// An invocation that leaves everything to the test.
struct SilentInvocation final : Invocation {
  void on_body(std::string_view) override {}
  void on_body_end() override {}
};

struct DeafHandler final : UpstreamConnection::Handler {
  bool drained = false;
  void on_response_head(const UpstreamResponse&) override {}
  void on_response_body(std::string_view) override {}
  void on_response_end(std::string_view) override {}
  void on_upstream_failed(Failure, std::string_view) override {}
  void on_upstream_drained() override { drained = true; }
};

// A connection to a server that reads only when the test says so.
struct OpenConnection {
  OpenConnection(Loop& of, const UpstreamProtocol& protocol) : loop(of) {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0);
    server = Fd(ends[1]);
    const Turn turn(loop);
    connection = std::make_unique<UpstreamConnection>(
        loop, Fd(ends[0]), UpstreamConnection::Peer::kUnixSocket, protocol.make_reader(), 1000);
    connection->begin(handler, "POST");
  }
  // All that has been sent since the last call and fits the socket.
  std::string received() {
    loop.poll();
    std::string all;
    std::array<char, 65536> piece{};
    for (ssize_t size = 0; (size = ::recv(server.get(), piece.data(), piece.size(), 0)) > 0;) {
      all.append(piece.data(), static_cast<size_t>(size));
    }
    return all;
  }

  Loop& loop;
  Fd server;
  DeafHandler handler;
  std::unique_ptr<UpstreamConnection> connection;
};

struct UpstreamRequestTest : Service {
  FakeClock clock;
  Loop loop{clock};
  Config config;
  Metrics metrics;
  const ServerContext context{loop, config, metrics};
  VisibleProtocol protocol;
  Instance instance;
  FakeConnection client{context};
  RequestHead head{.method = "POST", .target = "/", .framing = BodyFraming::kChunked};
  std::optional<UpstreamRequest> request;

  ~UpstreamRequestTest() override = default;
  void serve(Exchange& exchange) override { exchange.wait(std::make_unique<SilentInvocation>()); }
  bool keep_alive() const override { return true; }

  void begin(std::optional<Application::Call> call = {}) {
    config.access_log = AccessLog::kOff;
    client.exchange.start(head, *this);
    request.emplace(protocol, client.exchange, config, std::move(call));
  }
  void begin_without_body(std::string_view method) {
    if (client.exchange.active()) client.exchange.end();
    head.method = method;
    head.framing = BodyFraming::kNone;
    begin();
  }
  // Sends all that there is over a connection of its own, and says what the server got.
  std::string sent_anew() {
    OpenConnection open(loop, protocol);
    CHECK_FALSE(request->send_head(*open.connection, instance));
    CHECK_FALSE(request->send_body(*open.connection));
    return open.received();
  }
  std::string body(std::string_view bytes, UpstreamConnection* connection = nullptr) {
    const auto problem = request->on_body(bytes, connection);
    return problem ? problem->detail : "";
  }
};

using Break = UpstreamRequest::Break;

}  // namespace

TEST_CASE_FIXTURE(UpstreamRequestTest, "a request without a body is its head") {
  head.framing = BodyFraming::kNone;
  begin();
  CHECK(request->sent());
  request->on_body_end(nullptr);
  CHECK(sent_anew() == "head\n");
  CHECK(request->sent());
}

TEST_CASE_FIXTURE(UpstreamRequestTest, "a body is sent as it comes, each piece in a frame") {
  begin();
  OpenConnection open(loop, protocol);
  CHECK_FALSE(request->send_head(*open.connection, instance));
  body("abc", open.connection.get());
  body("de", open.connection.get());
  CHECK(open.received() == "head\n3:abc\n2:de\n");
  CHECK_FALSE(request->sent());
  request->on_body_end(open.connection.get());
  CHECK(open.received() == "end\n");
  CHECK(request->sent());
}

TEST_CASE_FIXTURE(UpstreamRequestTest, "a piece that is too long for a frame is sent in several") {
  begin();
  OpenConnection open(loop, protocol);
  const std::string piece(UpstreamProtocol::kMostInFrame + 1, 'x');
  body(piece, open.connection.get());
  const std::string received = open.received();
  CHECK(received.starts_with("65535:xxx"));
  CHECK(received.ends_with("x\n1:x\n"));
}

TEST_CASE_FIXTURE(UpstreamRequestTest, "what has come of a body is sent again from its beginning") {
  begin();
  OpenConnection open(loop, protocol);
  body("abc", open.connection.get());
  body("de", open.connection.get());
  CHECK(sent_anew() == "head\n5:abcde\n");
  request->on_body_end(nullptr);
  CHECK(sent_anew() == "head\n5:abcde\nend\n");
}

TEST_CASE_FIXTURE(UpstreamRequestTest,
                  "a body of kMostKept bytes is kept, and none that is longer") {
  begin();
  body(std::string(UpstreamRequest::kMostKept, 'x'));
  CHECK(sent_anew().size() > UpstreamRequest::kMostKept);
  body("y");
  CHECK(sent_anew() == "head\n");
}

TEST_CASE_FIXTURE(UpstreamRequestTest, "a request whose body was not kept is not sent again") {
  const Break closed_while_idle{.was_used = true, .nothing_received = true};
  SUBCASE("as too much of it has come") {
    begin();
    body(std::string(UpstreamRequest::kMostKept, 'x'));
    CHECK(request->may_send_again(closed_while_idle));
    body("y");
  }
  SUBCASE("as its length was too much to begin with") {
    head.framing = BodyFraming::kSized;
    head.content_length = UpstreamRequest::kMostKept + 1;
    begin();
    CHECK(request->may_send_again(closed_while_idle));
    body("the beginning");
  }
  CHECK_FALSE(request->may_send_again(closed_while_idle));
}

TEST_CASE_FIXTURE(UpstreamRequestTest, "a collected body is sent with its length, when complete") {
  protocol.collecting = true;
  begin();
  CHECK(request->collects());
  OpenConnection open(loop, protocol);
  body("abc", open.connection.get());
  body("de", open.connection.get());
  CHECK(open.received().empty());
  request->on_body_end(open.connection.get());
  CHECK(open.received().empty());
  CHECK_FALSE(request->sent());
  CHECK(sent_anew() == "head of 5\n5:abcde\nend\n");
  CHECK(request->sent());
  CHECK(sent_anew() == "head of 5\n5:abcde\nend\n");
}

TEST_CASE_FIXTURE(UpstreamRequestTest,
                  "a collected body is sent only as fast as the connection takes it") {
  constexpr size_t kSize = 4 * Stream::kFull;
  protocol.collecting = true;
  begin();
  body(std::string(kSize, 'x'));
  request->on_body_end(nullptr);
  OpenConnection open(loop, protocol);
  CHECK_FALSE(request->send_body(*open.connection));
  CHECK_FALSE(request->sent());
  CHECK(open.connection->full());
  std::string received;
  REQUIRE(poll_until(loop, [&] {
    received += open.received();
    if (!std::exchange(open.handler.drained, false)) return request->sent();
    CHECK_FALSE(request->send_collected(*open.connection));
    return false;
  }));
  REQUIRE(poll_until(loop, [&] {
    received += open.received();
    return received.ends_with("end\n");
  }));
  CHECK(std::ranges::count(received, 'x') == kSize);
}

TEST_CASE_FIXTURE(UpstreamRequestTest, "a body that is too long to be collected is refused") {
  protocol.collecting = true;
  config.max_body_size = 4;
  begin();
  CHECK(body("abcd").empty());
  const auto problem = request->on_body("e", nullptr);
  REQUIRE(problem);
  CHECK(problem->failure == Failure::kBodyTooLarge);
}

TEST_CASE_FIXTURE(UpstreamRequestTest, "a head that is too large for the protocol is not sent") {
  protocol.too_large = "the variables are longer than a record";
  begin();
  OpenConnection open(loop, protocol);
  const auto problem = request->send_head(*open.connection, instance);
  REQUIRE(problem);
  CHECK(problem->failure == Failure::kEnvironmentTooLarge);
  CHECK(problem->detail == protocol.too_large);
  CHECK(open.received().empty());
}

TEST_CASE_FIXTURE(UpstreamRequestTest, "whether a request may be sent again, by how it broke off") {
  struct Row {
    std::string_view method;
    Break end;
    bool again;
  };
  constexpr Break kNewClosed{};
  constexpr Break kUsedClosed{.was_used = true};
  constexpr Break kAnswered{.was_used = true, .response_begun = true};
  constexpr Break kNothing{.was_used = true, .nothing_received = true};
  constexpr Break kNewNothing{.was_reset = true, .nothing_received = true};
  constexpr Break kAnsweredEarly{
      .was_used = true, .response_begun = true, .nothing_received = true};
  constexpr std::array kRows = {
      Row{"GET", kNewClosed, true},       Row{"GET", kUsedClosed, true},
      Row{"GET", kNothing, true},         Row{"GET", kAnswered, false},
      Row{"GET", kAnsweredEarly, false},  Row{"HEAD", kUsedClosed, true},
      Row{"OPTIONS", kUsedClosed, true},  Row{"DELETE", kUsedClosed, true},
      Row{"PUT", kUsedClosed, true},      Row{"TRACE", kUsedClosed, true},
      Row{"POST", kNewClosed, false},     Row{"POST", kUsedClosed, false},
      Row{"POST", kNothing, true},        Row{"POST", kNewNothing, true},
      Row{"POST", kAnsweredEarly, false}, Row{"PATCH", kUsedClosed, false},
      Row{"CONNECT", kUsedClosed, false}, Row{"get", kUsedClosed, false},
  };
  for (const Row& row : kRows) {
    CAPTURE(&row - kRows.data());
    begin_without_body(row.method);
    CHECK(request->may_send_again(row.end) == row.again);
  }
}

TEST_CASE_FIXTURE(UpstreamRequestTest, "how often a request is sent again, by how it broke off") {
  struct Row {
    Break end;
    unsigned most;
  };
  constexpr std::array kRows = {
      Row{{}, UpstreamRequest::kMostSentAgain},
      Row{{.was_reset = true}, UpstreamRequest::kMostSentAgainUnread},
  };
  for (const Row& row : kRows) {
    CAPTURE(row.end.was_reset);
    begin_without_body("GET");
    for (unsigned i = 0; i < row.most; ++i) {
      CHECK(request->may_send_again(row.end));
      request->note_break(row.end, "closed");
    }
    CHECK_FALSE(request->may_send_again(row.end));
  }
}

TEST_CASE_FIXTURE(UpstreamRequestTest, "resets do not allow for another close, but for one less") {
  begin_without_body("GET");
  request->note_break({.was_reset = true}, "reset");
  CHECK_FALSE(request->may_send_again({}));
  CHECK(request->may_send_again({.was_reset = true}));
}

TEST_CASE_FIXTURE(UpstreamRequestTest,
                  "a connection that was closed while it idled does not count as a try") {
  begin_without_body("GET");
  CHECK_FALSE(request->needs_new_connection());
  request->note_break({.was_used = true}, "closed");
  CHECK(request->needs_new_connection());
  CHECK(request->broken().empty());
  CHECK(request->may_send_again({}));
}

TEST_CASE_FIXTURE(UpstreamRequestTest,
                  "what broke is remembered only where a server had probably read the request") {
  begin();
  request->note_break({.was_reset = true}, "reset");
  CHECK(request->broken().empty());
  request->note_break({}, "it closed the connection");
  CHECK(request->broken() == "it closed the connection");
  CHECK(request->needs_new_connection());
}

TEST_CASE_FIXTURE(UpstreamRequestTest,
                  "a local target is one as a client would send it, without the prefix") {
  begin(Application::Call{.script = {}, .prefix = "/shop", .document_root = {}});
  CHECK(request->local_target("/shop/cart?a=b") == "/cart?a=b");
  CHECK(request->local_target("/shopping") == "/shopping");
  begin_without_body("GET");  // in HTTP there is none
  CHECK(request->local_target("/shop/cart") == "/shop/cart");
}

#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "fake_clock.h"
#include "modes/upstream/fake_upstream.h"
#include "modes/upstream/http_protocol.h"
#include "modes/upstream/upstream_invocation.h"
#include "modes/upstream/upstreams.h"
#include "server/fake_connection.h"

namespace watchdog {

// mode=http on a clock and a loop of the test's, between clients and servers that are the test.
struct UpstreamFixture : Service, Mode {
  // A client with one request at a time.
  struct Client {
    explicit Client(const ServerContext& context) : connection(context) {}
    FakeConnection connection;
    RequestHead request{.method = "GET", .target = "/"};
    Exchange& exchange = connection.exchange;
  };

  FakeClock clock;
  Loop loop{clock};
  Config config;
  Metrics metrics;
  const ServerContext context{loop, config, metrics};
  FunctionState function;
  std::deque<FakeUpstream> servers;
  HttpProtocol::Chunked chunked = HttpProtocol::Chunked::kPassedOn;
  std::optional<HttpProtocol> protocol;
  std::optional<Upstreams> upstreams;
  Gate gate{0};
  std::deque<Client> clients;

  UpstreamFixture() {
    config.access_log = AccessLog::kOff;
    config.startup_timeout = std::chrono::seconds(5);
  }
  ~UpstreamFixture() override {
    const Turn turn(loop);
    clients.clear();
    upstreams.reset();
  }

  // Service
  void serve(Exchange& exchange) override { exchange.run(*this, std::move(*gate.enter())); }
  bool keep_alive() const override { return true; }
  // Mode
  std::unique_ptr<Invocation> invoke(Exchange& exchange) override {
    if (!protocol->collects(exchange.request())) exchange.leave_continue_to_function();
    return std::make_unique<UpstreamInvocation>(*upstreams, exchange);
  }

  // Adds an instance, before the first request.
  FakeUpstream& add_server(Instance::State state = Instance::State::kReady) {
    servers.emplace_back(loop);
    Instance& instance = function.add_instance();
    servers.back().describe(instance);
    instance.state = state;
    return servers.back();
  }
  Instance& instance(size_t index = 0) { return function.instances()[index]; }

  template <typename Call>
  void in_turn(Call call) {
    const Turn turn(loop);
    call();
  }
  void start(Client& client) {
    if (!upstreams) {
      protocol.emplace(chunked);
      upstreams.emplace(loop, config, function, *protocol);
    }
    client.connection.received.clear();
    client.connection.endings.clear();
    in_turn([&] { client.exchange.start(client.request, *this); });
  }
  Client& add_client() { return clients.emplace_back(context); }
  // A client that has begun a request without a body.
  Client& ask(std::string_view method = "GET", std::string_view target = "/") {
    Client& client = add_client();
    client.request.method = method;
    client.request.target = target;
    start(client);
    return client;
  }
  // A client that has begun a request whose chunked body is still to come.
  Client& upload(std::string_view method = "POST") {
    Client& client = add_client();
    client.request.method = method;
    client.request.framing = BodyFraming::kChunked;
    client.connection.complete = false;
    start(client);
    return client;
  }
  void send_body(Client& client, std::string_view bytes) {
    in_turn([&] { client.exchange.on_body(bytes); });
  }
  void end_body(Client& client, std::string_view trailers = {}) {
    client.connection.complete = true;
    in_turn([&] { client.exchange.on_body_end(trailers); });
  }

  void settle() {
    for (int i = 0; i < 3; ++i) loop.poll();
  }
  void pass(Duration time) {
    clock.advance(time);
    settle();
  }
  void change(Instance::State state, std::string why = {}, size_t index = 0) {
    function.set(instance(index), state, std::move(why));
    settle();
  }
  // Waits until the client's request has ended, and returns how: "200".
  std::string outcome(Client& client) {
    REQUIRE(poll_until(loop, [&] { return !client.connection.endings.empty(); }));
    return client.connection.status();
  }
};

// A response that says where it ends.
inline constexpr std::string_view kWholeResponse = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

}  // namespace watchdog

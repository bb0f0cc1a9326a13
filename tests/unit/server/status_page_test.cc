#include "server/status_page.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>

#include <string>

#include "fake_clock.h"
#include "server/fake_connection.h"

using namespace watchdog;

namespace {

struct StatusPageTest : Service {
  FakeClock clock;
  Loop loop{clock};
  Config config;
  Metrics metrics;
  FunctionState function;
  Lifecycle lifecycle;
  Gate gate{0};
  StatusBoard board;
  const ServerContext context{loop, config, metrics};
  std::unique_ptr<Health> health;
  std::unique_ptr<StatusPage> page;

  StatusPageTest() {
    config.suppress_lock = true;
    health = std::make_unique<Health>(config, function, lifecycle);
    show_to(StatusViewers::kThisMachine);
  }
  void show_to(StatusViewers viewers) {
    page = std::make_unique<StatusPage>(StatusSubject{config, board, function}, viewers, loop, gate,
                                        *health, lifecycle);
  }
  void serve(Exchange& exchange) override { page->serve(exchange); }
  bool keep_alive() const override { return true; }

  std::string status_for(const char* peer, std::string_view host = "127.0.0.1:8081",
                         std::string_view field = {}, std::string_view value = "1.1 proxy") {
    FakeConnection connection(context);
    sockaddr_storage address{};
    auto* const four = reinterpret_cast<sockaddr_in*>(&address);
    four->sin_family = AF_INET;
    inet_pton(AF_INET, peer, &four->sin_addr);
    connection.address = PeerAddress(address);
    RequestHead request{.method = "GET", .target = "/_/status"};
    request.fields.add("Host", host);
    if (!field.empty()) request.fields.add(field, value);
    const Turn turn(loop);
    connection.exchange.start(request, *this);
    return connection.status();
  }
};

}  // namespace

TEST_CASE_FIXTURE(StatusPageTest, "on by itself the page is for this machine alone") {
  CHECK(status_for("127.0.0.1") == "200");
  for (const char* other : {"127.0.0.6", "127.9.9.9", "192.0.2.1", "10.0.0.1"}) {
    CHECK(status_for(other) == "403");
  }
}

TEST_CASE_FIXTURE(StatusPageTest, "on by itself the page is not shown to the machine's own proxy") {
  for (const char* field : {"Forwarded", "X-Forwarded-For", "Via"}) {
    CHECK(status_for("127.0.0.1", "localhost", field) == "403");
  }
  // As the connection adds it where there is none.
  CHECK(status_for("127.0.0.1", "localhost", "X-Forwarded-For", "127.0.0.1") == "200");
}

TEST_CASE_FIXTURE(StatusPageTest, "on by itself the page has no name but localhost") {
  CHECK(status_for("127.0.0.1", "localhost:8081") == "200");
  CHECK(status_for("127.0.0.1", "[::1]:8081") == "200");
  CHECK(status_for("127.0.0.1", "8.8.8.8") == "403");
  CHECK(status_for("127.0.0.1", "evil.example:8081") == "403");
  CHECK(status_for("127.0.0.1", "localhost.evil.example") == "403");
  CHECK(status_for("127.0.0.1", "") == "403");
}

TEST_CASE_FIXTURE(StatusPageTest, "a page that was asked for is for all") {
  show_to(StatusViewers::kAll);
  CHECK(status_for("192.0.2.1", "greet.functions.svc") == "200");
}

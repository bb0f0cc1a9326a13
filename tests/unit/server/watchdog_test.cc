#include "server/watchdog.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>

#include "base/exit_code.h"
#include "config/options.h"
#include "fake_clock.h"

using namespace watchdog;
using namespace std::chrono_literals;

namespace {

// Answers every request with a page.
class AnsweringMode final : public Mode {
 public:
  std::unique_ptr<Invocation> invoke(Exchange& exchange) override {
    exchange.head({.content_length = 4});
    exchange.write("fake");
    exchange.end();
    return nullptr;
  }
};

constexpr ModeInfo kFake{"fake", 0, "for this test",
                         [](const ModeContext&) -> Result<std::unique_ptr<Mode>> {
                           return std::make_unique<AnsweringMode>();
                         }};

struct WatchdogTest {
  Config config = default_config(kFake);

  WatchdogTest() {
    config.mode = kFake;
    config.listen_address = "127.0.0.1";
    config.port = 0;
    config.metrics_port = 0;
    config.suppress_lock = true;
    config.workers = 1;
    config.healthcheck_interval = Duration::zero();
    config.shutdown_timeout = 10s;
    config.access_log = AccessLog::kOff;
  }

  static std::string ask(Watchdog& watchdog, const std::string& path) {
    const Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(watchdog.port());
    REQUIRE(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    ::fcntl(socket.get(), F_SETFL, O_NONBLOCK);
    const std::string request = "GET " + path + " HTTP/1.0\r\n\r\n";
    REQUIRE(::write(socket.get(), request.data(), request.size()) ==
            static_cast<ssize_t>(request.size()));
    std::string response;
    CHECK(poll_until(watchdog.loop(), [&] {
      char buffer[4096];
      const ssize_t size = ::read(socket.get(), buffer, sizeof buffer);
      if (size > 0) response.append(buffer, static_cast<size_t>(size));
      return size == 0;
    }));
    return response;
  }
};

}  // namespace

TEST_CASE_FIXTURE(WatchdogTest, "a watchdog serves, drains at SIGTERM, and ends with exit code 0") {
  Watchdog watchdog(config);
  REQUIRE_FALSE(watchdog.start());
  CHECK(ask(watchdog, "/_/health").starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(ask(watchdog, "/_/ready").starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(ask(watchdog, "/").ends_with("\r\n\r\nfake"));
  std::raise(SIGTERM);
  CHECK(watchdog.run() == kExitClean);
}

TEST_CASE_FIXTURE(WatchdogTest, "a watchdog with several workers ends all of them") {
  config.workers = 3;
  Watchdog watchdog(config);
  REQUIRE_FALSE(watchdog.start());
  std::raise(SIGINT);
  CHECK(watchdog.run() == kExitClean);
}

TEST_CASE_FIXTURE(WatchdogTest,
                  "a watchdog that never runs ends its threads when it is destroyed") {
  config.workers = 3;
  Watchdog watchdog(config);
  CHECK_FALSE(watchdog.start());
}

TEST_CASE_FIXTURE(WatchdogTest, "a port that is taken is one line, and says what to exit with") {
  Watchdog first(config);
  REQUIRE_FALSE(first.start());
  config.port = first.port();
  Watchdog second(config);
  const auto failure = second.start();
  REQUIRE(failure);
  CHECK(failure->exit_code == kExitUnavailable);
  CHECK(failure->reason.find(std::to_string(first.port())) != std::string::npos);
}

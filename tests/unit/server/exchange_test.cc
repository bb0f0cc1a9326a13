#include "server/exchange.h"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fake_clock.h"
#include "server/fake_connection.h"

using namespace watchdog;
using namespace std::chrono_literals;

namespace {

// A mode that keeps what it was told, and does in invoke() and on_body_end() what the test says.
struct TellingMode final : Mode {
  struct Telling final : Invocation {
    explicit Telling(TellingMode& owner) : mode(owner) {}
    ~Telling() override { mode.told.emplace_back("destroyed"); }
    void on_body(std::string_view bytes) override {
      mode.told.push_back("body " + std::string(bytes));
    }
    void on_body_end() override {
      mode.told.emplace_back("end");
      if (mode.at_end) mode.at_end();
    }
    void on_response_drained() override { mode.told.emplace_back("drained"); }
    void on_exec_timeout() override { mode.told.emplace_back("timeout"); }
    bool outlives_client() const override { return mode.outlives_client; }
    TellingMode& mode;
  };
  std::unique_ptr<Invocation> invoke(Exchange& exchange) override {
    told.push_back("invoked " + std::string(exchange.request().method) + " " +
                   std::string(exchange.request().target));
    exchange.function_started();
    if (at_start) at_start();
    return std::make_unique<Telling>(*this);
  }
  std::vector<std::string> told;
  std::function<void()> at_start;
  std::function<void()> at_end;
  bool outlives_client = false;
};

struct Fixture : Service {
  FakeClock clock;
  Loop loop{clock};
  Config config;
  Metrics metrics;
  const ServerContext context{loop, config, metrics};
  TellingMode mode;
  Mode* served = &mode;
  Gate gate{1, 1};
  FakeConnection connection{context};
  Exchange& exchange = connection.exchange;
  RequestHead request{.method = "GET", .target = "/"};

  Fixture() {
    config.exec_timeout = 30s;
    config.access_log = AccessLog::kOff;
  }
  ~Fixture() override = default;
  void serve(Exchange& its) override { its.run(*served, std::move(*gate.enter())); }
  bool keep_alive() const override { return true; }

  template <typename Call>
  void in_turn(Call call) {
    const Turn turn(loop);
    call();
  }
  void start() {
    in_turn([&] { exchange.start(request, *this); });
  }
  void expect_body() {
    request.method = "POST";
    request.framing = BodyFraming::kChunked;
    connection.complete = false;
  }
  void end() {
    in_turn([&] { exchange.end(); });
  }
};

using Told = std::vector<std::string>;

// As the head of server/mode.h has it.
class Echo final : public Invocation {
 public:
  explicit Echo(Exchange& exchange) : exchange_(exchange) { exchange_.head({}); }
  void on_body(std::string_view bytes) override {
    exchange_.write(bytes);
    if (exchange_.response_full()) exchange_.pause_upload();
  }
  void on_response_drained() override { exchange_.resume_upload(); }
  void on_body_end() override { exchange_.end(); }

 private:
  Exchange& exchange_;
};
struct EchoMode final : Mode {
  std::unique_ptr<Invocation> invoke(Exchange& exchange) override {
    return std::make_unique<Echo>(exchange);
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a request without a body is told to have ended at once, and once") {
  start();
  CHECK(mode.told == Told{"invoked GET /", "end"});
  end();
  CHECK(mode.told == Told{"invoked GET /", "end", "destroyed"});
  CHECK(connection.endings == std::vector{Exchange::Ending::kReuse});
}

TEST_CASE_FIXTURE(Fixture, "a body is told as it comes, and its end with the connection's word") {
  expect_body();
  start();
  in_turn([&] { exchange.on_body("abc"); });
  CHECK(mode.told == Told{"invoked POST /", "body abc"});
  connection.complete = true;
  in_turn([&] { exchange.on_body_end("X-Sum: 1\r\n"); });
  CHECK(mode.told.back() == "end");
  CHECK(exchange.trailers() == "X-Sum: 1\r\n");
}

TEST_CASE_FIXTURE(Fixture, "a mode that answers in invoke() is told nothing more") {
  mode.at_start = [&] { exchange.end(); };
  start();
  CHECK(mode.told == Told{"invoked GET /", "destroyed"});
  CHECK(connection.status() == "200");
}

TEST_CASE_FIXTURE(Fixture, "nothing of one request is left in the next") {
  config.max_body_size = 4;
  expect_body();
  request.expects_continue = true;
  start();
  in_turn([&] { exchange.on_body("abc"); });
  in_turn([&] { exchange.pause_upload(); });
  in_turn([&] { exchange.on_body_end("X-Sum: 1\r\n"); });
  end();
  connection.received.clear();
  mode.told.clear();
  request = {.method = "GET", .target = "/next"};
  connection.complete = true;
  start();
  CHECK(exchange.trailers().empty());
  CHECK(mode.told == Told{"invoked GET /next", "end"});
  in_turn([&] { exchange.on_body("abc"); });  // not one byte of the first counts
  CHECK(exchange.active());
  CHECK(connection.received.empty());
}

TEST_CASE_FIXTURE(Fixture, "a local redirect asks the mode for a GET, whose body has ended") {
  expect_body();
  request.fields.add("Content-Type", "a/b");
  request.fields.add("Transfer-Encoding", "chunked");
  request.fields.add("X-Mine", "1");
  start();
  in_turn([&] { exchange.redirect("/other?a=b"); });
  CHECK(mode.told == Told{"invoked POST /", "invoked GET /other?a=b", "end", "destroyed"});
  CHECK(exchange.request().fields.size() == 1);
  CHECK(exchange.request().fields.find("x-mine") != nullptr);
  in_turn([&] { exchange.on_body("abc"); });
  in_turn([&] { exchange.on_body_end(); });
  CHECK(mode.told.size() == 4);
}

TEST_CASE_FIXTURE(Fixture, "local redirects that go in a circle end with 502") {
  start();
  for (int i = 0; i < 11; ++i) in_turn([&] { exchange.redirect("/"); });
  CHECK(connection.status() == "502");
}

TEST_CASE_FIXTURE(Fixture, "a request whose function has done its part gives its slot back") {
  start();
  CHECK_FALSE(gate.enter());
  bool asked = false;
  in_turn([&] {
    exchange.hand_over([&] {
      asked = true;
      return std::make_unique<TellingMode::Telling>(mode);
    });
  });
  CHECK(asked);
  CHECK(gate.enter());
  CHECK(metrics.requests_in_flight == 1);
  end();
  CHECK(metrics.requests_in_flight == 0);
}

TEST_CASE_FIXTURE(Fixture, "a response that the client has not taken is not over yet") {
  start();
  connection.unsent_bytes = 1'000'000;
  end();
  CHECK(mode.told.back() == "destroyed");
  CHECK(exchange.only_sending());
  CHECK(connection.sent_awaited);
  CHECK(connection.endings.empty());
  in_turn([&] { exchange.on_sent(); });
  CHECK(connection.endings == std::vector{Exchange::Ending::kReuse});
}

TEST_CASE_FIXTURE(Fixture,
                  "an error page says what happened, and a request half read ends with it") {
  expect_body();
  start();
  in_turn([&] { exchange.fail(Failure::kUpstreamBroken, "no head"); });
  CHECK(connection.status() == "502");
  CHECK(connection.got("Connection: close\r\n"));
  CHECK(connection.received.ends_with("\r\n\r\nupstream_broken: no head\n"));
  CHECK(connection.endings == std::vector{Exchange::Ending::kClose});
}

TEST_CASE_FIXTURE(Fixture, "a failure of a function that was asked to end is called draining") {
  start();
  in_turn([&] { exchange.on_stopping(); });
  in_turn([&] { exchange.fail(Failure::kFunctionFailed, "killed by SIGTERM"); });
  CHECK(connection.status() == "503");
  CHECK(connection.got("draining: "));
}

TEST_CASE_FIXTURE(Fixture, "for an invocation that outlives its client nothing is full") {
  mode.outlives_client = true;
  start();
  in_turn([&] { exchange.head({}); });
  connection.unsent_bytes = 1'000'000;
  in_turn([&] { CHECK(exchange.response_full()); });
  in_turn([&] { exchange.on_client_gone(); });
  CHECK(mode.told.back() == "drained");
  end();
  CHECK(connection.endings == std::vector{Exchange::Ending::kClose});
  CHECK(metrics.text().find("code=\"499\"") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "an impatient client's X-Timeout is no exec_timeout of the function") {
  request.fields.add("X-Timeout", "1s");
  start();
  clock.advance(1s);
  loop.poll();
  CHECK(connection.status() == "504");
  CHECK(mode.told == Told{"invoked GET /", "end", "destroyed"});
}

TEST_CASE_FIXTURE(Fixture, "exec_timeout is told before the invocation is destroyed") {
  start();
  clock.advance(30s);
  loop.poll();
  CHECK(mode.told == Told{"invoked GET /", "end", "timeout", "destroyed"});
}

TEST_CASE_FIXTURE(Fixture, "response_start_timeout is over with the head, exec_timeout is not") {
  config.response_start_timeout = 1s;
  start();
  in_turn([&] { exchange.head({}); });
  clock.advance(29s);
  loop.poll();
  CHECK(exchange.active());
  clock.advance(1s);
  loop.poll();
  CHECK_FALSE(exchange.active());
  CHECK(connection.endings == std::vector{Exchange::Ending::kClose});
}

TEST_CASE_FIXTURE(Fixture,
                  "the example of mode.h sends a body back, as fast as the client takes it") {
  EchoMode echo;
  expect_body();
  served = &echo;
  start();
  in_turn([&] { exchange.on_body("tick"); });
  CHECK(connection.received.ends_with("\r\n\r\n4\r\ntick\r\n"));
  CHECK_FALSE(connection.upload_paused);
  connection.unsent_bytes = 1'000'000;
  in_turn([&] { exchange.on_body("tock"); });
  CHECK(connection.upload_paused);
  connection.unsent_bytes = 0;
  in_turn([&] { exchange.on_sent(); });
  CHECK_FALSE(connection.upload_paused);
  in_turn([&] { exchange.on_body_end(); });
  CHECK(connection.received.ends_with("4\r\ntock\r\n0\r\n\r\n"));
  CHECK_FALSE(exchange.active());
}

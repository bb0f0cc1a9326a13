#include "server/exchange.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fake_clock.h"
#include "server/fake_connection.h"
#include "server/metrics_text.h"
#include "server/signed_request.h"

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

struct ExchangeTest : Service {
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

  ExchangeTest() {
    config.exec_timeout = 30s;
    config.access_log = AccessLog::kOff;
  }
  ~ExchangeTest() override = default;
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

TEST_CASE_FIXTURE(ExchangeTest,
                  "a request without a body is told to have ended at once, and once") {
  start();
  CHECK(mode.told == Told{"invoked GET /", "end"});
  end();
  CHECK(mode.told == Told{"invoked GET /", "end", "destroyed"});
  CHECK(connection.endings == std::vector{Exchange::Ending::kReuse});
}

TEST_CASE_FIXTURE(ExchangeTest,
                  "a body is told as it comes, and its end with the connection's word") {
  expect_body();
  start();
  in_turn([&] { exchange.on_body("abc"); });
  CHECK(mode.told == Told{"invoked POST /", "body abc"});
  connection.complete = true;
  in_turn([&] { exchange.on_body_end("X-Sum: 1\r\n"); });
  CHECK(mode.told.back() == "end");
  CHECK(exchange.trailers() == "X-Sum: 1\r\n");
}

TEST_CASE_FIXTURE(ExchangeTest, "a mode that answers in invoke() is told nothing more") {
  mode.at_start = [&] { exchange.end(); };
  start();
  CHECK(mode.told == Told{"invoked GET /", "destroyed"});
  CHECK(connection.status() == "200");
}

TEST_CASE_FIXTURE(ExchangeTest, "nothing of one request is left in the next") {
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

TEST_CASE_FIXTURE(ExchangeTest, "a local redirect asks the mode for a GET, whose body has ended") {
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

TEST_CASE_FIXTURE(ExchangeTest, "local redirects that go in a circle end with 502") {
  start();
  for (int i = 0; i < 11; ++i) in_turn([&] { exchange.redirect("/"); });
  CHECK(connection.status() == "502");
}

TEST_CASE_FIXTURE(ExchangeTest, "a request whose function has done its part gives its slot back") {
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

TEST_CASE_FIXTURE(ExchangeTest, "a response that the client has not taken is not over yet") {
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

TEST_CASE_FIXTURE(ExchangeTest,
                  "an error page says what happened, and a request half read ends with it") {
  expect_body();
  start();
  in_turn([&] { exchange.fail(Failure::kUpstreamBroken, "no head"); });
  CHECK(connection.status() == "502");
  CHECK(connection.got("Connection: close\r\n"));
  CHECK(connection.received.ends_with("\r\n\r\nupstream_broken: no head\n"));
  CHECK(connection.endings == std::vector{Exchange::Ending::kClose});
}

TEST_CASE_FIXTURE(ExchangeTest,
                  "a failure of a function that was asked to end is called draining") {
  start();
  in_turn([&] { exchange.on_stopping(); });
  in_turn([&] { exchange.fail(Failure::kFunctionFailed, "killed by SIGTERM"); });
  CHECK(connection.status() == "503");
  CHECK(connection.got("draining: "));
}

TEST_CASE_FIXTURE(ExchangeTest, "for an invocation that outlives its client nothing is full") {
  mode.outlives_client = true;
  start();
  in_turn([&] { exchange.head({}); });
  connection.unsent_bytes = 1'000'000;
  in_turn([&] { CHECK(exchange.response_full()); });
  in_turn([&] { exchange.on_client_gone(); });
  CHECK(mode.told.back() == "drained");
  end();
  CHECK(connection.endings == std::vector{Exchange::Ending::kClose});
  CHECK(text_of(metrics).find("code=\"499\"") != std::string::npos);
}

TEST_CASE_FIXTURE(ExchangeTest,
                  "an impatient client's X-Timeout is no exec_timeout of the function") {
  request.fields.add("X-Timeout", "1s");
  start();
  clock.advance(1s);
  loop.poll();
  CHECK(connection.status() == "504");
  CHECK(mode.told == Told{"invoked GET /", "end", "destroyed"});
}

TEST_CASE_FIXTURE(ExchangeTest, "exec_timeout is told before the invocation is destroyed") {
  start();
  clock.advance(30s);
  loop.poll();
  CHECK(mode.told == Told{"invoked GET /", "end", "timeout", "destroyed"});
}

TEST_CASE_FIXTURE(ExchangeTest,
                  "response_start_timeout is over with the head, exec_timeout is not") {
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

TEST_CASE_FIXTURE(ExchangeTest,
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

namespace {

// A request whose body must fit the signature of GitHub's example, "Hello, World!".
struct SignedRequestTest : ExchangeTest {
  SignedRequestTest() { expect_body(); }
  void serve(Exchange& its) override {
    Fields fields;
    fields.add("X-Hub-Signature-256",
               "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
    auto begun = WebhookSignature::begin(*WebhookScheme::parse("github"),
                                         {"It's a Secret to Everybody"}, fields, 0);
    its.wait(std::make_unique<SignedRequest>(its, std::move(std::get<WebhookSignature>(begun)), 20,
                                             [this, &its] { ExchangeTest::serve(its); }));
  }
  void body(std::initializer_list<std::string_view> pieces) {
    for (const std::string_view piece : pieces) in_turn([&] { exchange.on_body(piece); });
  }
  void body_end() {
    connection.complete = true;
    in_turn([&] { exchange.on_body_end(); });
  }
};

}  // namespace

TEST_CASE_FIXTURE(SignedRequestTest, "a signed request is invoked when its whole body fits") {
  start();
  body({"Hello", ", ", "World!"});
  CHECK(mode.told.empty());
  body_end();
  CHECK(mode.told == Told{"invoked POST /", "body Hello, World!", "end"});
}

TEST_CASE_FIXTURE(SignedRequestTest, "a body that does not fit its signature invokes nothing") {
  start();
  body({"Hello", ", ", "world!"});
  body_end();
  CHECK(connection.status() == "401");
  CHECK(connection.got("WWW-Authenticate: Signature realm=\"webhook\"\r\n"));
  CHECK(mode.told.empty());
  CHECK(text_of(metrics).find("reason=\"wrong_signature\"} 1\n") != std::string::npos);
}

TEST_CASE_FIXTURE(SignedRequestTest, "a signed body has a limit") {
  start();
  body({"Hello, World!", "12345678"});
  CHECK(connection.status() == "413");
  CHECK(mode.told.empty());
}

TEST_CASE_FIXTURE(SignedRequestTest, "a kept body waits while the upload is paused") {
  mode.at_start = [this] { exchange.pause_upload(); };
  start();
  body({"Hello, World!"});
  body_end();
  CHECK(mode.told == Told{"invoked POST /"});
  in_turn([&] { exchange.resume_upload(); });
  CHECK(mode.told == Told{"invoked POST /", "body Hello, World!", "end"});
}

TEST_CASE_FIXTURE(SignedRequestTest, "a kept body goes with its request") {
  mode.at_start = [this] { exchange.pause_upload(); };
  start();
  body({"Hello, World!"});
  body_end();
  in_turn([&] { exchange.on_client_gone(); });
  CHECK(mode.told == Told{"invoked POST /", "destroyed"});
}

namespace {

struct TracedExchangeTest : Service {
  FakeClock clock;
  Loop loop{clock};
  Config config;
  Metrics metrics;
  SpanQueue queue{{.spans = 100, .batch = 100}, metrics.spans_dropped};
  Tracer tracer{Sampler(Sampler::Kind::kAlwaysOn), queue};
  std::unique_ptr<StatusBoard> board = std::make_unique<StatusBoard>();
  const ServerContext traced{loop, config, metrics, &tracer, board.get()};
  TellingMode mode;
  Gate gate{1, 1};
  FakeConnection connection{traced};
  RequestHead request{.method = "GET", .target = "/"};
  bool own_page = false;

  TracedExchangeTest() { config.access_log = AccessLog::kOff; }
  ~TracedExchangeTest() override = default;
  void serve(Exchange& its) override {
    if (own_page) return its.answer({.status = 200}, "OK");
    its.run(mode, std::move(*gate.enter()));
  }
  bool keep_alive() const override { return true; }
  void start() {
    const Turn turn(loop);
    connection.exchange.start(request, *this);
  }
};

}  // namespace

TEST_CASE_FIXTURE(TracedExchangeTest,
                  "with traces the function gets a traceparent, and the request is spans") {
  start();
  CHECK(parse_traceparent(connection.exchange.request().fields.find("traceparent")->value));
  clock.advance(1ms);
  CHECK(queue.empty());
  {
    const Turn turn(loop);
    connection.exchange.head({.content_length = 0});
    clock.advance(1ms);
    connection.exchange.end();
  }
  const auto batch = queue.take();
  REQUIRE(batch);
  CHECK(batch->spans == 3);
  for (const char* name : {"first byte", "body"}) {
    CHECK(batch->blocks[0].find(fmt::format("\"name\":\"{}\"", name)) != std::string::npos);
  }
}

TEST_CASE_FIXTURE(TracedExchangeTest,
                  "a tunnel is in the phase of its body as long as it is open") {
  start();
  clock.advance(1ms);
  {
    const Turn turn(loop);
    connection.exchange.upgrade({.status = 101}, "echo");
  }
  CHECK(board->picture().running.at(0).phase == Phase::kBody);
  clock.advance(1ms);
  {
    const Turn turn(loop);
    connection.exchange.end();
  }
  const auto batch = queue.take();
  REQUIRE(batch);
  CHECK(batch->blocks[0].find("\"name\":\"body\"") != std::string::npos);
}

TEST_CASE_FIXTURE(TracedExchangeTest, "a page of the watchdog's own is no span") {
  own_page = true;
  start();
  CHECK(connection.status() == "200");
  CHECK(queue.empty());
}

TEST_CASE_FIXTURE(ExchangeTest,
                  "the time to the first byte ends with the head, not with the body") {
  start();
  clock.advance(2s);
  in_turn([&] { exchange.interim({.status = 103}); });
  CHECK(metrics.first_byte_seconds.count() == 0);
  clock.advance(1s);
  in_turn([&] { exchange.head({}); });
  CHECK(metrics.first_byte_seconds.count() == 1);
  clock.advance(5s);
  end();
  CHECK(metrics.first_byte_seconds.count() == 1);
  CHECK(metrics.first_byte_seconds.sum() == 3s);
}

TEST_CASE_FIXTURE(ExchangeTest, "the head of a tunnel is a first byte, too") {
  start();
  clock.advance(2s);
  in_turn([&] { exchange.upgrade({.status = 101}, "echo"); });
  CHECK(metrics.first_byte_seconds.count() == 1);
  CHECK(metrics.first_byte_seconds.sum() == 2s);
}

TEST_CASE_FIXTURE(ExchangeTest, "a page of ours is no first byte of the function") {
  start();
  in_turn([&] { exchange.fail(Failure::kExecTimeout); });
  CHECK(connection.status() == "504");
  CHECK(metrics.first_byte_seconds.count() == 0);
}

TEST_CASE_FIXTURE(ExchangeTest, "the bytes of bodies are counted as they pass") {
  expect_body();
  start();
  in_turn([&] { exchange.on_body("1234"); });
  CHECK(metrics.received_bytes == 4);
  in_turn([&] { exchange.on_body("567"); });
  CHECK(metrics.received_bytes == 7);
  in_turn([&] { exchange.head({}); });
  CHECK(metrics.sent_bytes == 0);
  in_turn([&] { exchange.write("12345"); });
  CHECK(metrics.sent_bytes == 5);
  in_turn([&] { exchange.write("6"); });
  CHECK(metrics.sent_bytes == 6);
}

TEST_CASE_FIXTURE(ExchangeTest, "the bytes of a file are counted, and those of our pages") {
  start();
  in_turn([&] { exchange.head({.content_length = 1000}); });
  in_turn([&] { exchange.send_file(-1, 0, 1000); });
  CHECK(metrics.sent_bytes == 1000);
  end();
  start();
  in_turn([&] { exchange.fail(Failure::kExecTimeout, "slow", "12345"); });
  CHECK(metrics.sent_bytes == 1005);
}

TEST_CASE_FIXTURE(ExchangeTest, "a response to HEAD sends no bytes of a body") {
  request.method = "HEAD";
  start();
  in_turn([&] { exchange.head({.content_length = 1000}); });
  in_turn([&] { exchange.write("12345"); });
  in_turn([&] { exchange.send_file(-1, 0, 995); });
  CHECK(metrics.sent_bytes == 0);
}

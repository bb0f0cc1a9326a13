#include "modes/upstream/http_protocol.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "fake_clock.h"
#include "server/fake_connection.h"

using namespace watchdog;

namespace {

struct HttpProtocolTest : Service {
  struct Idle final : Invocation {
    void on_body(std::string_view) override {}
    void on_body_end() override {}
  };

  FakeClock clock;
  Loop loop{clock};
  Config config;
  Metrics metrics;
  const ServerContext context{loop, config, metrics};
  FakeConnection client{context};
  RequestHead head{.method = "POST", .target = "/a"};
  Instance instance;
  std::optional<uint64_t> collected;
  const HttpProtocol passing{HttpProtocol::Chunked::kPassedOn};
  const HttpProtocol collecting{HttpProtocol::Chunked::kCollected};

  HttpProtocolTest() {
    instance.authority = "app:3000";
    instance.upstream.prefix = "/prefix";
  }
  ~HttpProtocolTest() override = default;
  void serve(Exchange& exchange) override { exchange.wait(std::make_unique<Idle>()); }
  bool keep_alive() const override { return true; }

  // A request with this framing, and a trailer.
  OutgoingRequest request(BodyFraming framing) {
    config.access_log = AccessLog::kOff;
    head.framing = framing;
    client.exchange.start(head, *this);
    client.exchange.on_body_end("X-Sum: 1\r\nHost: elsewhere\r\n");
    return {.exchange = client.exchange, .call = nullptr, .collected = collected, .number = 1};
  }
  std::string head_of(const OutgoingRequest& of) const {
    std::string out;
    CHECK_FALSE(passing.append_head(out, of, instance));
    return out;
  }
};

}  // namespace

TEST_CASE_FIXTURE(HttpProtocolTest, "only chunked bodies are collected, and only if asked to") {
  for (const auto framing : {BodyFraming::kNone, BodyFraming::kSized}) {
    head.framing = framing;
    CHECK_FALSE(passing.collects(head));
    CHECK_FALSE(collecting.collects(head));
  }
  head.framing = BodyFraming::kChunked;
  CHECK_FALSE(passing.collects(head));
  CHECK(collecting.collects(head));
}

TEST_CASE_FIXTURE(HttpProtocolTest,
                  "a chunked body goes on in chunks, with the trailers that may") {
  const OutgoingRequest of = request(BodyFraming::kChunked);
  CHECK(head_of(of) ==
        "POST /prefix/a HTTP/1.1\r\nHost: app:3000\r\nTransfer-Encoding: chunked\r\n\r\n");
  const auto frame = passing.frame(of, 500);
  CHECK(frame.before == "1f4\r\n");
  CHECK(frame.after == "\r\n");
  CHECK(passing.body_end(of) == "0\r\nX-Sum: 1\r\n\r\n");
}

TEST_CASE_FIXTURE(HttpProtocolTest, "a collected body goes on with its length and no frames") {
  collected = 12;
  const OutgoingRequest of = request(BodyFraming::kChunked);
  CHECK(head_of(of) == "POST /prefix/a HTTP/1.1\r\nHost: app:3000\r\nContent-Length: 12\r\n\r\n");
  CHECK(passing.frame(of, 12).before.empty());
  CHECK(passing.frame(of, 12).after.empty());
  CHECK(passing.body_end(of).empty());
}

TEST_CASE_FIXTURE(HttpProtocolTest, "a body with a length goes on as it is") {
  head.fields.add("Content-Length", "3");
  head.content_length = 3;
  const OutgoingRequest of = request(BodyFraming::kSized);
  CHECK(head_of(of) == "POST /prefix/a HTTP/1.1\r\nContent-Length: 3\r\nHost: app:3000\r\n\r\n");
  CHECK(passing.frame(of, 3).before.empty());
  CHECK(passing.body_end(of).empty());
}

#include "server/response_writer.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "server/fake_client.h"

using namespace watchdog;
using namespace std::chrono_literals;

namespace {

struct ResponseWriterTest {
  FakeClient client;
  ResponseWriter writer{client};

  static RequestHead request(std::string_view method = "GET", int minor_version = 1,
                             bool keep_alive = true) {
    return {
        .method = method, .target = "/", .minor_version = minor_version, .keep_alive = keep_alive};
  }
  std::string head(const RequestHead& to, const ResponseHead& head) {
    writer.start(to);
    writer.head(head, 0s);
    return client.take();
  }
  void begin_chunked() {
    head(request(), {});
    CHECK(writer.begun());
  }
};

}  // namespace

TEST_CASE_FIXTURE(ResponseWriterTest,
                  "the head says how the body ends, and whether the connection is kept") {
  struct Case {
    std::string name;
    RequestHead request;
    ResponseHead head;
    std::string sent;
    bool kept;
  };
  const std::vector<Case> cases = {
      {"a known length",
       request(),
       {.content_length = 5},
       "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 5\r\n\r\n",
       true},
      {"an unknown length",
       request(),
       {},
       "HTTP/1.1 200 OK\r\nDate: now\r\nTransfer-Encoding: chunked\r\n\r\n",
       true},
      {"HTTP/1.0, a known length",
       request("GET", 0),
       {.content_length = 5},
       "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n",
       true},
      {"HTTP/1.0, an unknown length",
       request("GET", 0),
       {},
       "HTTP/1.1 200 OK\r\nDate: now\r\nConnection: close\r\n\r\n",
       false},
      {"a client that wants to close",
       request("GET", 1, false),
       {.content_length = 5},
       "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 5\r\nConnection: close\r\n\r\n",
       false},
      {"HEAD, a known length",
       request("HEAD"),
       {.content_length = 5},
       "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 5\r\n\r\n",
       true},
      {"HEAD, an unknown length",
       request("HEAD"),
       {},
       "HTTP/1.1 200 OK\r\nDate: now\r\n\r\n",
       true},
      {"HEAD of HTTP/1.0, an unknown length",
       request("HEAD", 0),
       {},
       "HTTP/1.1 200 OK\r\nDate: now\r\nConnection: keep-alive\r\n\r\n",
       true},
      {"204 has no length",
       request(),
       {.status = 204, .content_length = 0},
       "HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n",
       true},
      {"304 has no length",
       request(),
       {.status = 304, .content_length = 5},
       "HTTP/1.1 304 Not Modified\r\nDate: now\r\n\r\n",
       true},
      {"a status without a registered phrase",
       request(),
       {.status = 299, .content_length = 0},
       "HTTP/1.1 299 \r\nDate: now\r\nContent-Length: 0\r\n\r\n",
       true},
      {"a phrase of the mode's",
       request(),
       {.status = 200, .content_length = 0, .reason = "Fine"},
       "HTTP/1.1 200 Fine\r\nDate: now\r\nContent-Length: 0\r\n\r\n",
       true},
  };
  for (const Case& one : cases) {
    CAPTURE(one.name);
    CHECK(head(one.request, one.head) == one.sent);
    CHECK(writer.keep_alive() == one.kept);
    CHECK(writer.status() == one.head.status);
  }
}

TEST_CASE_FIXTURE(ResponseWriterTest,
                  "the fields of a mode stand between Date and the framing, in order") {
  ResponseHead response{.content_length = 0};
  response.fields.add("X-B", "2");
  response.fields.add("X-A", "1");
  CHECK(head(request(), response) ==
        "HTTP/1.1 200 OK\r\nDate: now\r\nX-B: 2\r\nX-A: 1\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE_FIXTURE(ResponseWriterTest, "a forwarded head keeps its own Date and Content-Length") {
  ResponseHead response{.content_length = 5, .forwarded = true};
  response.fields.add("Date", "then");
  response.fields.add("Content-Length", "5");
  CHECK(head(request(), response) == "HTTP/1.1 200 OK\r\nDate: then\r\nContent-Length: 5\r\n\r\n");
}

TEST_CASE_FIXTURE(ResponseWriterTest, "a forwarded head without a Date gets one") {
  CHECK(head(request(), {.forwarded = true}) ==
        "HTTP/1.1 200 OK\r\nDate: now\r\nTransfer-Encoding: chunked\r\n\r\n");
}

TEST_CASE_FIXTURE(ResponseWriterTest, "only a timed response says how long it took") {
  writer.start(request());
  writer.head({.content_length = 0, .timed = true}, 1234567us);
  CHECK(
      client.take() ==
      "HTTP/1.1 200 OK\r\nDate: now\r\nX-Duration-Seconds: 1.234567\r\nContent-Length: 0\r\n\r\n");
  writer.start(request());
  writer.head({.content_length = 0}, 1234567us);
  CHECK(client.take().find("X-Duration-Seconds") == std::string::npos);
}

TEST_CASE_FIXTURE(ResponseWriterTest, "close_after() before the head announces it") {
  writer.start(request());
  writer.close_after();
  writer.head({.content_length = 0}, 0s);
  CHECK(client.take().ends_with("Content-Length: 0\r\nConnection: close\r\n\r\n"));
  CHECK_FALSE(writer.keep_alive());
}

TEST_CASE_FIXTURE(ResponseWriterTest,
                  "each write is a chunk, sent at once with its size and its end") {
  begin_chunked();
  client.sends = 0;
  writer.write("tick");
  writer.write(std::string(500, 'x'));
  CHECK(client.sends == 2);
  CHECK(client.take() == "4\r\ntick\r\n1f4\r\n" + std::string(500, 'x') + "\r\n");
  writer.end({});
  CHECK(client.take() == "0\r\n\r\n");
  CHECK(writer.body_bytes() == 504);
}

TEST_CASE_FIXTURE(ResponseWriterTest, "an empty write is no chunk, which would end the body") {
  begin_chunked();
  writer.write("");
  CHECK(client.take().empty());
}

TEST_CASE_FIXTURE(ResponseWriterTest, "trailers follow the last chunk") {
  begin_chunked();
  writer.end("X-Sum: 1\r\nX-More: 2\r\n");
  CHECK(client.take() == "0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n");
}

TEST_CASE_FIXTURE(ResponseWriterTest,
                  "a body of known length is sent as it is, and its trailers dropped") {
  head(request(), {.content_length = 4});
  writer.write("tick");
  writer.end("X-Sum: 1\r\n");
  CHECK(client.take() == "tick");
}

TEST_CASE_FIXTURE(ResponseWriterTest,
                  "a body that ends with the connection has no end of its own") {
  head(request("GET", 0), {});
  CHECK_FALSE(writer.end_is_visible());
  writer.write("all");
  writer.end("X-Sum: 1\r\n");
  CHECK(client.take() == "all");
}

TEST_CASE_FIXTURE(ResponseWriterTest,
                  "nothing of a body is sent, or counted, where a response has none") {
  const std::vector<std::pair<std::string_view, int>> none = {
      {"HEAD", 200}, {"GET", 204}, {"GET", 304}};
  for (const auto& one : none) {
    const int status = one.second;
    CAPTURE(status);
    head(request(one.first), {.status = status});
    writer.write("hidden");
    CHECK(writer.send_file(3, 0, 10).bytes == 10);  // as good as sent
    writer.end("X-Sum: 1\r\n");
    CHECK(client.take().empty());
    CHECK(writer.body_bytes() == 0);
    CHECK(writer.end_is_visible());
  }
}

TEST_CASE_FIXTURE(ResponseWriterTest, "what the client takes of a file counts as the body") {
  head(request(), {.content_length = 10});
  client.takes_of_file = 6;
  CHECK(writer.send_file(3, 0, 10).bytes == 6);
  client.takes_of_file = 10;
  CHECK(writer.send_file(3, 6, 4).bytes == 4);
  CHECK(client.take() == "<6 bytes of 3 from 0><4 bytes of 3 from 6>");
  CHECK(writer.body_bytes() == 10);
}

TEST_CASE_FIXTURE(ResponseWriterTest, "interim responses come before the head, with their fields") {
  writer.start(request());
  writer.interim({.status = 100});
  ResponseHead hints{.status = 103};
  hints.fields.add("Link", "</a>");
  writer.interim(hints);
  CHECK_FALSE(writer.begun());
  CHECK(client.take() ==
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
}

TEST_CASE_FIXTURE(ResponseWriterTest, "an HTTP/1.0 client gets no interim response") {
  writer.start(request("GET", 0));
  writer.interim({.status = 103});
  CHECK(client.take().empty());
}

TEST_CASE_FIXTURE(ResponseWriterTest, "after an upgrade bytes are passed on as they are") {
  writer.start(request());
  ResponseHead response{.status = 101};
  response.fields.add("Sec-WebSocket-Accept", "x");
  writer.upgrade(response, "websocket");
  CHECK(client.take() ==
        "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: x\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\n\r\n");
  writer.write("frame");
  writer.end({});
  CHECK(client.take() == "frame");
  CHECK_FALSE(writer.keep_alive());
}

TEST_CASE_FIXTURE(ResponseWriterTest,
                  "sounding out before the head sends its first word, and it once") {
  writer.start(request());
  writer.sound_out();
  writer.sound_out();
  CHECK(client.take() == "HTTP/1.1 ");
  writer.head({.content_length = 0}, 0s);
  CHECK(client.take() == "200 OK\r\nDate: now\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE_FIXTURE(ResponseWriterTest, "the first word may be an interim response's") {
  writer.start(request());
  writer.sound_out();
  writer.interim({.status = 103});
  writer.head({.content_length = 0}, 0s);
  CHECK(client.take() ==
        "HTTP/1.1 103 Early Hints\r\n\r\n"
        "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE_FIXTURE(ResponseWriterTest, "sounding out between chunks sends a zero of the next size") {
  begin_chunked();
  writer.write("tick");
  writer.sound_out();
  writer.sound_out();
  writer.write("tock");
  writer.end({});
  CHECK(client.take() == "4\r\ntick\r\n04\r\ntock\r\n0\r\n\r\n");
}

TEST_CASE_FIXTURE(ResponseWriterTest,
                  "a body that is not chunked leaves no byte to sound out with") {
  head(request(), {.content_length = 4});
  writer.sound_out();
  CHECK(client.take().empty());
  head(request("GET", 0), {});
  writer.sound_out();
  CHECK(client.take().empty());
}

TEST_CASE_FIXTURE(ResponseWriterTest, "nothing of one response is left in the next") {
  writer.start(request("HEAD", 0, false));
  writer.sound_out();
  writer.head({.status = 204}, 0s);
  client.take();
  CHECK(head(request(), {}) ==
        "HTTP/1.1 200 OK\r\nDate: now\r\nTransfer-Encoding: chunked\r\n\r\n");
  writer.sound_out();
  CHECK(client.take() == "0");
  writer.start(request());
  CHECK_FALSE(writer.begun());
  CHECK(writer.status() == 0);
  CHECK(writer.body_bytes() == 0);
}

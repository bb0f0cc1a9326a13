#include "auth/key_source.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "auth/test_issuer.h"
#include "fake_clock.h"
#include "net/listener.h"

namespace watchdog {

namespace {

using namespace std::chrono_literals;

// The issuer's server is this test, and time passes when it says so.
struct KeySourceTest {
  FakeClock clock;
  Loop loop{clock};
  Fd listener;
  Published<Issuer> issuer;
  std::unique_ptr<KeySource> source;

  KeySourceTest() {
    auto bound = Listener::bind("127.0.0.1", 0);
    REQUIRE(bound);
    listener = std::move(*bound);
    REQUIRE(::listen(listener.get(), 8) == 0);
    KeyPlace place;
    place.keys = HttpUrl{{"127.0.0.1", bound_port(listener.get())}, "/keys"};
    place.issuer = "issuer";
    const Turn turn(loop);
    source = std::make_unique<KeySource>(loop, std::move(place), issuer);
  }

  // Whether it asks, while the loop runs for a moment.
  Fd asked() {
    Fd peer;
    const Instant end = real_clock().now() + 200ms;
    while (!peer && real_clock().now() < end) {
      loop.poll();
      peer = Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    }
    return peer;
  }
  void answer(std::string_view status, const std::string& body) {
    const Fd peer = asked();
    REQUIRE(peer);
    char request[4096];
    REQUIRE(poll_until(loop, [&] { return ::read(peer.get(), request, sizeof request) > 0; }));
    const std::string text = "HTTP/1.1 " + std::string(status) +
                             "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                             body;
    REQUIRE(::write(peer.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    for (int i = 0; i < 50; ++i) loop.poll();
  }
  void pass(Duration time) {
    clock.advance(time);
    loop.poll();
  }
  size_t keys() const {
    const auto value = issuer.value();
    return value ? value->keys.size() : 0;
  }
};

std::string one_key() {
  return test_issuer::jwk_set(test_issuer::rsa_jwk("one"));
}

}  // namespace

TEST_CASE_FIXTURE(KeySourceTest, "keys are read at the start, and again every five minutes") {
  answer("200 OK", one_key());
  CHECK(keys() == 1);
  pass(299s);
  CHECK_FALSE(asked());
  pass(1s);
  answer("200 OK",
         test_issuer::jwk_set(test_issuer::rsa_jwk("one") + "," + test_issuer::ec_jwk("two")));
  CHECK(keys() == 2);
}

TEST_CASE_FIXTURE(KeySourceTest, "a key that is not there is looked for once in ten seconds") {
  answer("200 OK", one_key());
  pass(3s);
  source->look_again();
  CHECK_FALSE(asked());
  pass(7s);
  answer("200 OK", one_key());
  for (int i = 0; i < 100; ++i) source->look_again();
  CHECK_FALSE(asked());
}

TEST_CASE_FIXTURE(KeySourceTest, "what fails is tried again, more and more rarely") {
  answer("500 Oops", "");
  CHECK(keys() == 0);
  pass(1s);
  answer("200 OK", "{");
  pass(1s);
  CHECK_FALSE(asked());
  pass(1s);
  answer("200 OK", one_key());
  CHECK(keys() == 1);
}

TEST_CASE_FIXTURE(KeySourceTest, "a server that says nothing is given up after five seconds") {
  const Fd silent = asked();
  REQUIRE(silent);
  pass(5s);
  pass(1s);
  answer("200 OK", one_key());
  CHECK(keys() == 1);
}

TEST_CASE_FIXTURE(KeySourceTest, "keys stay in force while they cannot be read again") {
  answer("200 OK", one_key());
  pass(300s);
  answer("404 Not Found", "");
  CHECK(keys() == 1);
}

}  // namespace watchdog

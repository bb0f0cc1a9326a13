#pragma once

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "fake_clock.h"
#include "function/function_state.h"
#include "net/listener.h"
#include "net/socket_status.h"

namespace watchdog {

// The function's own server, played by the test: it accepts connections and says on them what the
// test has it say. What it waits for, it waits for by polling the loop of the objects under test.
class FakeUpstream {
 public:
  // The server's end of one connection.
  class Peer {
   public:
    Peer(Loop& loop, Fd socket) : loop_(loop), socket_(std::move(socket)) {}

    // Waits until `text` has come, and returns all that has.
    const std::string& expect(std::string_view text) {
      REQUIRE(poll_until(loop_, [&] { return receive().find(text) != std::string::npos; }));
      return received_;
    }
    // Waits until the other end has been closed.
    void expect_end() {
      REQUIRE(poll_until(loop_, [&] {
        receive();
        return ended_;
      }));
    }
    // All that has come so far.
    const std::string& receive() {
      std::array<char, 65536> piece{};
      ssize_t size = 0;
      while ((size = ::recv(socket_.get(), piece.data(), piece.size(), MSG_DONTWAIT)) > 0) {
        received_.append(piece.data(), static_cast<size_t>(size));
      }
      ended_ = ended_ || size == 0 || errno != EAGAIN;
      return received_;
    }
    void forget() { received_.clear(); }
    // Sends as much as the socket takes, and returns that.
    size_t say(std::string_view text) {
      const ssize_t size =
          ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      REQUIRE(size > 0);
      return static_cast<size_t>(size);
    }
    void close() { socket_.close(); }
    void reset() {
      reset_on_close(socket_.get());
      close();
    }

   private:
    Loop& loop_;
    Fd socket_;
    std::string received_;
    bool ended_ = false;
  };

  explicit FakeUpstream(Loop& loop)
      : loop_(loop), port_(bound_port(reserve_port())), socket_(bind(port_)) {}

  // Refuses connections until listen().
  void refuse() { socket_.close(); }
  void listen() { socket_ = bind(port_); }
  // Waits for the next connection, and takes it.
  Peer& accept() {
    REQUIRE(poll_until(loop_, [&] { return take(); }));
    return *peers_.back();
  }
  // Whether a connection has come that was not taken.
  bool is_asked() {
    for (int i = 0; i < 3; ++i) loop_.poll();
    return take();
  }
  void describe(Instance& instance) const {
    instance.url = "http://127.0.0.1:" + std::to_string(port_);
    instance.authority = "127.0.0.1:" + std::to_string(port_);
    instance.addresses = {*SocketAddress::numeric("127.0.0.1", port_)};
  }

 private:
  // Keeps the port from others while the server refuses.
  int reserve_port() {
    const int on = 1;
    const auto any = SocketAddress::numeric("127.0.0.1", 0);
    REQUIRE(::setsockopt(reserved_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0);
    REQUIRE(::bind(reserved_.get(), any->get(), any->size()) == 0);
    return reserved_.get();
  }
  static Fd bind(uint16_t port) {
    auto socket = Listener::bind("127.0.0.1", port);
    REQUIRE(socket);
    return std::move(*socket);
  }
  bool take() {
    Fd socket(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!socket) return false;
    peers_.push_back(std::make_unique<Peer>(loop_, std::move(socket)));
    return true;
  }

  Loop& loop_;
  Fd reserved_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};  // never listens
  const uint16_t port_;
  Fd socket_;
  std::vector<std::unique_ptr<Peer>> peers_;
};

}  // namespace watchdog

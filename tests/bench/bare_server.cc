// The floor with a client: reads a request from a TCP connection, has `cat` print its body, sends
// the answer. It parses nothing, has no limits and no timeouts. What it spends beyond floor.cc is
// what the kernel takes for the connection's bytes, which no server can save.
//
// A GET is answered at once, for the health check of bench.py.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <memory>
#include <vector>

#include "cat_run.h"
#include "options.h"

namespace bench {
namespace {

class Connection {
 public:
  explicit Connection(int fd) : fd_(fd) {}
  ~Connection() { close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void add_waits(std::vector<pollfd>& waits) const {
    if (running_) {
      for (const pollfd& wait : run_.waits()) waits.push_back(wait);
    } else {
      waits.push_back({fd_, POLLIN, 0});
    }
  }

  // Takes what poll said about add_waits() from `ready` on and moves it past. Returns whether the
  // connection lives.
  bool advance(const pollfd*& ready, Settings& settings) {
    const pollfd* const mine = ready;
    ready += running_ ? 3 : 1;
    if (!running_) return mine->revents == 0 || receive(settings);
    if (run_.advance(mine, settings)) answer(run_.printed());
    return true;
  }

 private:
  bool receive(Settings& settings) {
    static char buffer[kPipeCapacity];
    const ssize_t size = recv(fd_, buffer, sizeof buffer, 0);
    if (size <= 0) return false;
    request_.append(buffer, static_cast<size_t>(size));
    const size_t head = request_.find("\r\n\r\n");
    if (head == std::string::npos) return true;
    if (request_.starts_with("GET ")) {
      answer("OK");
    } else if (request_.size() == head + 4 + settings.body.size()) {
      running_ = true;
      settings.body.assign(request_, head + 4);
      run_.start(settings);
    }
    return true;
  }

  void answer(const std::string& body) {
    const std::string reply =
        "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    if (send(fd_, reply.data(), reply.size(), 0) != static_cast<ssize_t>(reply.size())) {
      die("send");
    }
    request_.clear();
    running_ = false;
  }

  int fd_;
  bool running_ = false;
  std::string request_;
  CatRun run_;
};

int listen_on(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) die("bind");
  if (listen(fd, 128) != 0) die("listen");
  return fd;
}

[[noreturn]] void serve(int listener, Settings settings) {
  std::vector<std::unique_ptr<Connection>> connections;
  std::vector<pollfd> waits;
  while (true) {
    waits.assign(1, {listener, POLLIN, 0});
    for (const auto& connection : connections) connection->add_waits(waits);
    if (poll(waits.data(), waits.size(), -1) < 0) die("poll");
    const pollfd* ready = waits.data() + 1;
    std::erase_if(connections, [&](const std::unique_ptr<Connection>& connection) {
      return !connection->advance(ready, settings);
    });
    if (waits[0].revents == 0) continue;
    const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd >= 0) connections.push_back(std::make_unique<Connection>(fd));
  }
}

}  // namespace
}  // namespace bench

int main(int count, char** arguments) {
  const bench::Options options(count, arguments, "bare_server --port N [--body-bytes N]");
  signal(SIGPIPE, SIG_IGN);
  const int listener = bench::listen_on(static_cast<uint16_t>(options.number("port", 0)));
  bench::serve(listener,
               {bench::find_in_path("cat"), std::string(options.number("body-bytes", 1024), 'x')});
}

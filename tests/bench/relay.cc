// What passing bytes on costs at the very least: relay PORT UPSTREAM_PORT. For each connection one
// to the upstream, bytes copied both ways as they come, one thread, epoll. No HTTP, no log, no
// limits; a proxy's own cost is judged against this program's.

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

namespace {

[[noreturn]] void die(const char* what) {
  perror(what);
  exit(1);
}

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// One direction's end: what is read here goes to `other`.
struct End {
  int fd = -1;
  End* other = nullptr;
  std::string unsent;  // to this end
  bool over = false;
};

class Relay {
 public:
  Relay(int port, int upstream) : upstream_(loopback(upstream)), epoll_(epoll_create1(0)) {
    listener_.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int on = 1;
    setsockopt(listener_.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const sockaddr_in address = loopback(port);
    if (bind(listener_.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      die("bind");
    }
    listen(listener_.fd, SOMAXCONN);
    watch(listener_, EPOLLIN);
  }

  void run() {
    std::vector<epoll_event> events(256);
    for (;;) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        End& end = *static_cast<End*>(events[static_cast<size_t>(i)].data.ptr);
        if (&end == &listener_) {
          accept_one();
        } else {
          move(end);
        }
      }
      finished_.clear();
    }
  }

 private:
  void watch(End& end, uint32_t what) {
    epoll_event event{};
    event.events = what;
    event.data.ptr = &end;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, end.fd, &event);
  }

  void accept_one() {
    const int client = accept4(listener_.fd, nullptr, nullptr, SOCK_NONBLOCK);
    if (client < 0) return;
    const int server = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(server, reinterpret_cast<const sockaddr*>(&upstream_), sizeof upstream_) != 0) {
      die("connect");
    }
    fcntl(server, F_SETFL, O_NONBLOCK);
    const int on = 1;
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto* ends = new End[2];
    ends[0] = {client, &ends[1], {}, false};
    ends[1] = {server, &ends[0], {}, false};
    watch(ends[0], EPOLLIN | EPOLLOUT | EPOLLET);
    watch(ends[1], EPOLLIN | EPOLLOUT | EPOLLET);
  }

  // Edge-triggered: everything that can go, goes.
  void move(End& end) {
    if (end.over) return;
    flush(end);
    while (end.other->unsent.size() < 256 * 1024) {
      const ssize_t size = read(end.fd, buffer_, sizeof buffer_);
      if (size < 0 && errno == EAGAIN) return;
      if (size <= 0) return finish(end);
      end.other->unsent.append(buffer_, static_cast<size_t>(size));
      flush(*end.other);
      if (static_cast<size_t>(size) < sizeof buffer_) return;
    }
  }

  void flush(End& end) {
    if (end.unsent.empty()) return;
    const bool was_full = end.unsent.size() >= 256 * 1024;
    const ssize_t size = write(end.fd, end.unsent.data(), end.unsent.size());
    if (size > 0) end.unsent.erase(0, static_cast<size_t>(size));
    if (was_full && end.unsent.size() < 256 * 1024) move(*end.other);
  }

  void finish(End& end) {
    End* first = std::min(&end, end.other);  // of the array that both are in
    first->over = first->other->over = true;
    close(first->fd);
    close(first->other->fd);
    finished_.emplace_back(first);  // later events of this round may still name them
  }

  sockaddr_in upstream_;
  int epoll_;
  End listener_;
  std::vector<std::unique_ptr<End[]>> finished_;
  char buffer_[65536];
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) {
    fprintf(stderr, "usage: relay PORT UPSTREAM_PORT\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  Relay(atoi(arguments[1]), atoi(arguments[2])).run();
}

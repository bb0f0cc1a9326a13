// A small load generator: clients on keep-alive connections, each sending its next request when it
// has the answer to the last (or --pause-ms later). Prints one JSON object.
//
// `requests` counts whole answers with a 2xx status, `errors` everything else; latency is from
// sending until the last byte of the answer, of `requests` only.

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "address.h"
#include "clock.h"
#include "options.h"
#include "reply.h"

namespace bench {
namespace {

constexpr double kPatience = 30;  // seconds without any progress
constexpr int kMostConnectFailures = 100;

// What is sent, and how it went.
struct Load {
  Address address;
  std::string request;
  bool to_head = false;
  double pause = 0;      // seconds
  double until = 0;      // no new request later than this
  uint64_t to_send = 0;  // no new request beyond these
  int epoll = -1;

  std::vector<double> latencies;
  uint64_t errors = 0;
  uint64_t reply_bytes = 0;
  int connect_failures = 0;  // in a row
};

class Client {
 public:
  explicit Client(Load& load) : load_(load), response_(load.to_head) {}

  bool busy() const { return busy_; }
  double due() const { return due_; }

  // Sends the next request.
  void start() {
    --load_.to_send;
    busy_ = true;
    sent_ = 0;
    response_ = ReplyReader(load_.to_head);
    start_ = now();
    if (fd_ < 0 && !open()) return fail();
    send_some();
  }

  void on_ready() {
    if (fd_ < 0) return;
    if (busy_ && sent_ < load_.request.size()) send_some();
    if (fd_ >= 0) receive_some();
  }

 private:
  bool open() {
    fd_ = connect_to(load_.address);
    load_.connect_failures = fd_ < 0 ? load_.connect_failures + 1 : 0;
    if (fd_ < 0) return false;
    fcntl(fd_, F_SETFL, O_NONBLOCK);
    epoll_event interest{};
    interest.events = EPOLLIN | EPOLLOUT | EPOLLET;
    interest.data.ptr = this;
    return epoll_ctl(load_.epoll, EPOLL_CTL_ADD, fd_, &interest) == 0;
  }

  void disconnect() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

  void fail() {
    disconnect();
    ++load_.errors;
    busy_ = false;
    due_ = now() + load_.pause;
  }

  void send_some() {
    const std::string& request = load_.request;
    while (sent_ < request.size()) {
      const ssize_t size = send(fd_, request.data() + sent_, request.size() - sent_, 0);
      // A server may answer and hang up before it has read everything.
      if (size < 0) return;
      sent_ += static_cast<size_t>(size);
    }
  }

  // To the last byte there is: epoll tells of new ones only.
  void receive_some() {
    static char buffer[256 * 1024];
    while (fd_ >= 0) {
      const ssize_t size = recv(fd_, buffer, sizeof buffer, 0);
      if (size < 0 && errno == EAGAIN) return;
      if (size <= 0) return on_hang_up();
      if (!busy_) return disconnect();
      response_.feed({buffer, static_cast<size_t>(size)});
      if (response_.done() || response_.broken()) return finish();
    }
  }

  void on_hang_up() {
    if (!busy_) return disconnect();
    response_.end();
    finish();
    disconnect();
  }

  void finish() {
    const bool good = response_.done() && response_.status() / 100 == 2;
    if (!good) return fail();
    const double end = now();
    load_.latencies.push_back(end - start_);
    load_.reply_bytes += response_.body_bytes();
    busy_ = false;
    due_ = end + load_.pause;
    if (!response_.keep_alive()) disconnect();
  }

  Load& load_;
  ReplyReader response_;
  int fd_ = -1;
  bool busy_ = false;
  size_t sent_ = 0;
  double start_ = 0;
  double due_ = 0;
};

bool may_start(const Load& load) {
  return load.to_send > 0 && now() < load.until && load.connect_failures < kMostConnectFailures;
}

// Starts what is due. Returns how many milliseconds may pass until the next start is; -1 when
// nothing is in flight and nothing may be started.
int start_due(Load& load, std::vector<Client>& clients) {
  double next = kPatience;
  bool waiting = false;
  for (Client& client : clients) {
    while (!client.busy() && may_start(load) && client.due() <= now()) client.start();
    if (client.busy()) waiting = true;
    if (client.busy() || !may_start(load)) continue;
    waiting = true;
    next = std::min(next, client.due() - now());
  }
  return waiting ? static_cast<int>(std::max(next, 0.0) * 1000 + 0.999) : -1;
}

void run(Load& load, std::vector<Client>& clients) {
  std::vector<epoll_event> events(clients.size());
  while (true) {
    const int wait = start_due(load, clients);
    if (wait < 0) return;
    const int count = epoll_wait(load.epoll, events.data(), static_cast<int>(events.size()), wait);
    if (count == 0 && wait >= static_cast<int>(kPatience * 1000)) break;
    for (int i = 0; i < count; ++i) {
      static_cast<Client*>(events[static_cast<size_t>(i)].data.ptr)->on_ready();
    }
  }
  for (const Client& client : clients) load.errors += client.busy();
}

double percentile_ms(const std::vector<double>& sorted, double part) {
  if (sorted.empty()) return 0;
  const auto index = static_cast<size_t>(part * static_cast<double>(sorted.size()));
  return sorted[std::min(index, sorted.size() - 1)] * 1000;
}

void print(Load& load, double elapsed) {
  std::vector<double>& latencies = load.latencies;
  std::sort(latencies.begin(), latencies.end());
  printf(
      "{\"requests\": %zu, \"errors\": %llu, \"seconds\": %.3f, \"rps\": %.1f, "
      "\"reply_bytes\": %llu, \"p50_ms\": %.3f, \"p90_ms\": %.3f, \"p99_ms\": %.3f, "
      "\"max_ms\": %.3f}\n",
      latencies.size(), static_cast<unsigned long long>(load.errors), elapsed,
      static_cast<double>(latencies.size()) / elapsed,
      static_cast<unsigned long long>(load.reply_bytes), percentile_ms(latencies, 0.5),
      percentile_ms(latencies, 0.9), percentile_ms(latencies, 0.99), percentile_ms(latencies, 1));
}

std::string make_request(const Address& address, const std::string& method, uint64_t body_bytes,
                         const std::string& agent) {
  std::string request = method + " " + address.path + " HTTP/1.1\r\nHost: " + address.host + ":" +
                        address.port + "\r\n";
  if (!agent.empty()) request += "User-Agent: " + agent + "\r\n";
  if (body_bytes > 0) request += "Content-Length: " + std::to_string(body_bytes) + "\r\n";
  return request + "\r\n" + std::string(body_bytes, 'x');
}

int measure(const Options& options) {
  const auto address = parse_address(options.text("url", ""));
  if (!address) options.refuse();
  signal(SIGPIPE, SIG_IGN);

  const uint64_t body_bytes = options.number("body-bytes", 0);
  const std::string method = options.text("method", body_bytes > 0 ? "POST" : "GET");
  const uint64_t requests = options.number("requests", 0);
  const double seconds = options.real("seconds", requests > 0 ? 3600 : 5);

  Load load;
  load.address = *address;
  load.request = make_request(*address, method, body_bytes, options.text("user-agent", ""));
  load.to_head = method == "HEAD";
  load.pause = options.real("pause-ms", 0) / 1000;
  load.to_send = requests > 0 ? requests : UINT64_MAX;
  load.epoll = epoll_create1(EPOLL_CLOEXEC);
  std::vector<Client> clients(std::max<uint64_t>(options.number("clients", 1), 1), Client(load));

  const double start = now();
  load.until = start + seconds;
  run(load, clients);
  print(load, now() - start);
  return load.connect_failures < kMostConnectFailures ? 0 : 1;
}

}  // namespace
}  // namespace bench

int main(int count, char** arguments) {
  return bench::measure(bench::Options(
      count, arguments,
      "load --url host:port/path [--clients N] [--requests N] [--seconds S] [--method NAME] "
      "[--body-bytes N] [--pause-ms N] [--user-agent NAME]"));
}

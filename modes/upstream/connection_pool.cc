#include "modes/upstream/connection_pool.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/log.h"

namespace watchdog {

namespace {

// Whether connect() fails so for a server that is being restarted. ENOENT: it will create its unix
// socket again.
bool is_refusal(int error) {
  return error == ECONNREFUSED || error == ECONNRESET || error == ENOENT;
}

}  // namespace

ConnectionPool::ConnectionPool(Loop& loop, Instance& instance, const UpstreamProtocol& protocol,
                               size_t longest_log_line)
    : loop_(loop),
      instance_(instance),
      protocol_(protocol),
      longest_log_line_(longest_log_line),
      retry_(loop, [this] { dial_more(); }),
      tidy_(loop, [this] { drop_old(); }) {}

std::unique_ptr<UpstreamConnection> ConnectionPool::take(Liveness liveness) {
  while (!idle_.empty()) {
    auto connection = std::move(idle_.back().connection);
    const Instant since = idle_.back().since;
    idle_.pop_back();
    const bool good =
        liveness == Liveness::kAskKernel || peer() == UpstreamConnection::Peer::kUnixSocket
            ? connection->waits_for_request()
            : !connection->broken();
    if (good && loop_.now() - since < kMostIdle) return connection;
    discard(std::move(connection));
  }
  return nullptr;
}

void ConnectionPool::await(Waiter& waiter) {
  const bool outdated = refusing_since_ && loop_.now() - refused_at_ > kRefusalCounts;
  if (outdated && waiters_.empty()) refusing_since_.reset();
  waiters_.push_back(&waiter);
  dial_more();
}

void ConnectionPool::forget(Waiter& waiter) {
  waiters_.remove(&waiter);
  if (waiters_.empty()) give_up_dials();
}

void ConnectionPool::on_instance_ended() {
  clear();
  refusing_since_.reset();
  pause_ = kFirstRetry;
  tell_refused(ECONNREFUSED);
}

void ConnectionPool::tell_refused(int error) {
  // A waiter may leave or join meanwhile: each is told once.
  const std::list<Waiter*> waiting = waiters_;
  for (Waiter* waiter : waiting) waiter->on_refused(error);
}

void ConnectionPool::dial_more() {
  const size_t most = refusing_since_ ? 1 : kMostDials;
  while (dials_.size() < std::min(waiters_.size(), most)) {
    if (refusing_since_ && retry_.armed()) return;
    dial();
  }
}

void ConnectionPool::dial() {
  dials_.emplace_back();
  const auto place = std::prev(dials_.end());
  *place = std::make_unique<Dial>(loop_, instance_.addresses, [this, place](Fd socket, int error) {
    on_dialed(place, std::move(socket), error);
  });
}

void ConnectionPool::on_dialed(Dials::iterator place, Fd socket, int error) {
  loop_.retire(std::move(*place));
  dials_.erase(place);
  if (error == 0) {
    refusing_since_.reset();
    pause_ = kFirstRetry;
    keep(adopt(std::move(socket)));
    dial_more();
  } else if (is_refusal(error)) {
    on_refused(error);
  } else if (!waiters_.empty()) {
    Waiter* const waiter = waiters_.front();
    waiters_.pop_front();
    waiter->on_unreachable(error);
    dial_more();
  }
}

void ConnectionPool::on_refused(int error) {
  refused_at_ = loop_.now();
  if (!refusing_since_) refusing_since_ = refused_at_;
  retry_.set_after(pause_);
  pause_ = std::min(pause_ * 2, kMostRetry);
  tell_refused(error);
}

// No request waits any more: the dials that wait for room in the accept queue are given up.
void ConnectionPool::give_up_dials() {
  retry_.clear();
  for (auto next = dials_.begin(); next != dials_.end();) {
    const auto place = next++;
    if (!(*place)->queue_full()) continue;
    loop_.retire(std::move(*place));
    dials_.erase(place);
  }
}

void ConnectionPool::serve(Waiter& waiter, std::unique_ptr<UpstreamConnection> connection) {
  waiters_.remove(&waiter);
  if (waiters_.empty()) give_up_dials();
  waiter.on_connection(std::move(connection));
}

std::unique_ptr<UpstreamConnection> ConnectionPool::adopt(Fd socket) {
  return std::make_unique<UpstreamConnection>(loop_, std::move(socket), peer(),
                                              protocol_.make_reader(), longest_log_line_,
                                              instance_.copy_errors);
}

UpstreamConnection::Peer ConnectionPool::peer() const {
  using Peer = UpstreamConnection::Peer;
  const SocketAddress& address = instance_.addresses.front();
  if (address.family() == AF_UNIX) return Peer::kUnixSocket;
  return address.is_loopback() ? Peer::kLoopback : Peer::kElsewhere;
}

void ConnectionPool::give_back(std::unique_ptr<UpstreamConnection> connection) {
  note(*connection);
  const bool good = connection->reusable() && !instance_.overran;
  if (!good || !protocol_.may_keep(instance_, idle_.size())) {
    return loop_.retire(std::move(connection));
  }
  keep(std::move(connection));
}

// Gives it to the request that has waited longest, or makes it idle.
void ConnectionPool::keep(std::unique_ptr<UpstreamConnection> connection) {
  const bool used = connection->requests() > 0;
  const auto waiter = std::ranges::find_if(
      waiters_, [used](const Waiter* one) { return !used || one->takes_used(); });
  if (waiter != waiters_.end()) return serve(**waiter, std::move(connection));
  if (!used && protocol_.spares() == UpstreamProtocol::Spares::kClosed) {
    return loop_.retire(std::move(connection));
  }
  if (idle_.size() >= kMostConnections) drop(idle_.begin());
  idle_.push_back({std::move(connection), loop_.now()});
  const auto place = std::prev(idle_.end());
  place->connection->become_idle([this, place] {
    note(*place->connection);
    drop(place);
  });
  if (!tidy_.armed()) tidy_.set_after(kMostIdle);
}

void ConnectionPool::discard(std::unique_ptr<UpstreamConnection> connection) {
  note(*connection);
  connection->detach();
  loop_.retire(std::move(connection));
}

void ConnectionPool::clear() {
  while (!idle_.empty()) drop(idle_.begin());
}

void ConnectionPool::drop(std::list<Idle>::iterator place) {
  loop_.retire(std::move(place->connection));
  idle_.erase(place);
}

// A server that has sent more than its responses once gets no second request on any connection.
void ConnectionPool::note(const UpstreamConnection& connection) {
  if (!connection.overran() || instance_.overran.exchange(true)) return;
  log::event(log::Level::kWarning, "stray_bytes",
             fmt::format("the function's server ({}) sent bytes behind the end of an answer: each "
                         "request gets a connection of its own from now on",
                         instance_.url),
             {{"url", instance_.url}});
}

void ConnectionPool::drop_old() {
  const Instant now = loop_.now();
  while (!idle_.empty() && now - idle_.front().since >= kMostIdle) drop(idle_.begin());
  if (!idle_.empty()) tidy_.set(idle_.front().since + kMostIdle);
}

}  // namespace watchdog

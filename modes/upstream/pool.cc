#include "modes/upstream/pool.h"

#include <utility>

#include "base/log.h"

namespace watchdog {

UpstreamPool::UpstreamPool(Loop& loop, Instance& instance, MakeReader make_reader,
                           size_t longest_log_line)
    : loop_(loop),
      instance_(instance),
      make_reader_(make_reader),
      longest_log_line_(longest_log_line),
      tidy_(loop, [this] { drop_old(); }) {}

std::unique_ptr<UpstreamConnection> UpstreamPool::take(Asking asking) {
  while (!idle_.empty()) {
    auto connection = std::move(idle_.back().connection);
    const Instant since = idle_.back().since;
    idle_.pop_back();
    const bool good = asking == Asking::kNeeded || peer() == UpstreamConnection::Peer::kUnixSocket
                          ? connection->waits_for_request()
                          : !connection->broken();
    if (good && loop_.now() - since < kMostRest) return connection;
    note(*connection);
    loop_.retire(std::move(connection));
  }
  return nullptr;
}

std::unique_ptr<Dial> UpstreamPool::dial(Dial::OnDone on_done) {
  return std::make_unique<Dial>(loop_, instance_.addresses, std::move(on_done));
}

std::unique_ptr<UpstreamConnection> UpstreamPool::adopt(Fd socket) {
  return std::make_unique<UpstreamConnection>(loop_, std::move(socket), peer(), make_reader_(),
                                              longest_log_line_);
}

UpstreamConnection::Peer UpstreamPool::peer() const {
  using Peer = UpstreamConnection::Peer;
  const SocketAddress& address = instance_.addresses.front();
  if (address.family() == AF_UNIX) return Peer::kUnixSocket;
  return address.is_loopback() ? Peer::kLoopback : Peer::kElsewhere;
}

void UpstreamPool::give_back(std::unique_ptr<UpstreamConnection> connection) {
  note(*connection);
  if (!connection->reusable() || instance_.overran) return loop_.retire(std::move(connection));
  if (idle_.size() >= kMostConnections) drop(idle_.begin());
  idle_.push_back({std::move(connection), loop_.now()});
  const auto place = std::prev(idle_.end());
  place->connection->rest([this, place] {
    note(*place->connection);
    drop(place);
  });
  if (!tidy_.armed()) tidy_.set_after(kMostRest);
}

void UpstreamPool::discard(std::unique_ptr<UpstreamConnection> connection) {
  note(*connection);
  connection->detach();
  loop_.retire(std::move(connection));
}

void UpstreamPool::clear() {
  while (!idle_.empty()) drop(idle_.begin());
}

void UpstreamPool::drop(std::list<Idle>::iterator place) {
  loop_.retire(std::move(place->connection));
  idle_.erase(place);
}

// A server that sends more than its answers, at whatever moment, is not trusted with a second
// request on a connection any more.
void UpstreamPool::note(const UpstreamConnection& connection) {
  if (!connection.overran() || instance_.overran.exchange(true)) return;
  log::warn(
      "the function's server ({}) sent bytes behind the end of an answer: each request gets "
      "a connection of its own from now on",
      instance_.url);
}

void UpstreamPool::drop_old() {
  const Instant now = loop_.now();
  while (!idle_.empty() && now - idle_.front().since >= kMostRest) drop(idle_.begin());
  if (!idle_.empty()) tidy_.set(idle_.front().since + kMostRest);
}

}  // namespace watchdog

#include "modes/upstream/pool.h"

#include <utility>

namespace watchdog {

UpstreamPool::UpstreamPool(Loop& loop, std::span<const SocketAddress> addresses,
                           MakeReader make_reader, size_t longest_log_line)
    : loop_(loop),
      addresses_(addresses),
      make_reader_(make_reader),
      longest_log_line_(longest_log_line),
      tidy_(loop, [this] { drop_old(); }) {}

std::unique_ptr<UpstreamConnection> UpstreamPool::take() {
  while (!idle_.empty()) {
    auto connection = std::move(idle_.back().connection);
    const Instant since = idle_.back().since;
    idle_.pop_back();
    if (connection->alive() && loop_.now() - since < kMostRest) return connection;
    loop_.retire(std::move(connection));
  }
  return nullptr;
}

std::unique_ptr<Dial> UpstreamPool::dial(Dial::OnDone on_done) {
  return std::make_unique<Dial>(loop_, addresses_, std::move(on_done));
}

std::unique_ptr<UpstreamConnection> UpstreamPool::adopt(Fd socket) {
  const bool is_tcp = addresses_.front().family() != AF_UNIX;
  return std::make_unique<UpstreamConnection>(loop_, std::move(socket), is_tcp, make_reader_(),
                                              longest_log_line_);
}

void UpstreamPool::give_back(std::unique_ptr<UpstreamConnection> connection) {
  if (!connection->reusable()) return loop_.retire(std::move(connection));
  if (idle_.size() >= kMostConnections) drop(idle_.begin());
  idle_.push_back({std::move(connection), loop_.now()});
  const auto place = std::prev(idle_.end());
  place->connection->rest([this, place] { drop(place); });
  if (!tidy_.armed()) tidy_.set_after(kMostRest);
}

void UpstreamPool::clear() {
  while (!idle_.empty()) drop(idle_.begin());
}

void UpstreamPool::drop(std::list<Idle>::iterator place) {
  loop_.retire(std::move(place->connection));
  idle_.erase(place);
}

void UpstreamPool::drop_old() {
  const Instant now = loop_.now();
  while (!idle_.empty() && now - idle_.front().since >= kMostRest) drop(idle_.begin());
  if (!idle_.empty()) tidy_.set(idle_.front().since + kMostRest);
}

}  // namespace watchdog

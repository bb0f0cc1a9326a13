#include "modes/upstream.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

namespace watchdog {

UpstreamConnection::UpstreamConnection(Loop& loop, Fd socket, bool is_tcp)
    : is_tcp_(is_tcp),
      stream_(loop, *this, is_tcp ? Stream::Kind::kTcp : Stream::Kind::kPipe, std::move(socket)) {}

UpstreamConnection::~UpstreamConnection() = default;

void UpstreamConnection::begin(Handler& handler, std::string_view method) {
  handler_ = &handler;
  on_lost_ = nullptr;
  complete_ = false;
  reader_.expect(method);
  stream_.resume();
}

void UpstreamConnection::rest(std::function<void()> on_lost) {
  handler_ = nullptr;
  on_lost_ = std::move(on_lost);
  stream_.resume();
}

bool UpstreamConnection::reusable() const {
  return complete_ && !ended_ && !tunnel_ && !stream_.broken() && stream_.drained() &&
         reader_.response().keep_alive;
}

size_t UpstreamConnection::on_data(std::string_view bytes) {
  if (handler_ == nullptr) {
    fail("bytes that nobody asked for");
    return bytes.size();
  }
  if (tunnel_) {
    handler_->on_response_body(bytes);
    return bytes.size();
  }
  reader_.feed(bytes);
  for (;;) {
    switch (reader_.next()) {
      case ReadEvent::kNeedMore:
        return bytes.size();
      case ReadEvent::kHead:
        tunnel_ = reader_.response().status == 101;
        handler_->on_response_head(reader_.response());
        if (handler_ == nullptr) return bytes.size();
        if (!tunnel_) break;
        bytes.remove_prefix(reader_.consumed());
        if (!bytes.empty()) handler_->on_response_body(bytes);
        return reader_.consumed() + bytes.size();
      case ReadEvent::kBody:
        handler_->on_response_body(reader_.body());
        if (handler_ == nullptr) return bytes.size();
        break;
      case ReadEvent::kEnd:
        if (reader_.response().interim()) break;
        // More than the answer: a server that cannot be trusted with another request.
        ended_ = ended_ || reader_.consumed() < bytes.size();
        complete_ = true;
        std::exchange(handler_, nullptr)->on_response_end(reader_.trailers());
        return bytes.size();
      case ReadEvent::kError:
        fail(fmt::format("its answer is not HTTP: {}", reader_.error().reason));
        return bytes.size();
    }
  }
}

void UpstreamConnection::on_end() {
  ended_ = true;
  if (handler_ != nullptr && (tunnel_ || reader_.ends_with_connection())) {
    complete_ = true;
    std::exchange(handler_, nullptr)->on_response_end({});
    return;
  }
  fail(reader_.begun() ? "it closed the connection in the middle of its answer"
                       : "it closed the connection without an answer");
}

void UpstreamConnection::on_error(int error) {
  ended_ = true;
  fail(fmt::format("the connection to it broke: {}", strerror(error)));
}

void UpstreamConnection::on_drained() {
  if (handler_ != nullptr) handler_->on_upstream_drained();
}

void UpstreamConnection::fail(std::string_view what) {
  stream_.pause();
  if (handler_ != nullptr) {
    std::exchange(handler_, nullptr)->on_upstream_failed(what);
  } else if (on_lost_) {
    std::exchange(on_lost_, nullptr)();
  }
}

UpstreamPool::UpstreamPool(Loop& loop, std::span<const SocketAddress> addresses)
    : loop_(loop), addresses_(addresses), tidy_(loop, [this] { drop_old(); }) {}

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
  return std::make_unique<UpstreamConnection>(loop_, std::move(socket), is_tcp);
}

void UpstreamPool::give_back(std::unique_ptr<UpstreamConnection> connection) {
  if (!connection->reusable()) return loop_.retire(std::move(connection));
  if (idle_.size() >= kMostConnections) drop(idle_.begin());
  idle_.push_back({std::move(connection), loop_.now()});
  const auto place = std::prev(idle_.end());
  place->connection->rest([this, place] { drop(place); });
  if (!tidy_.armed()) tidy_.set_after(kMostRest);
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

#include "server/server.h"

#include <algorithm>
#include <iterator>

namespace watchdog {

Server::Server(const ServerContext& context, Service& service, Fd socket,
               ConnectionBalancer& balancer, size_t spares)
    : context_(context),
      service_(service),
      balance_(
          balancer, context.loop,
          [this](Fd fd, const PeerAddress& peer) { add(std::move(fd), peer); },
          [this] { close_longest_waiting(); }),
      spares_(spares),
      wind_down_(context.loop, [this] { close_listener(); }),
      refill_spares_(context.loop,
                     [this] {
                       if (listener_) listener_->refill_spares();
                     }),
      reclaimer_(context.loop, [this] { return close_longest_waiting(); }) {
  listener_.emplace(
      context.loop, std::move(socket),
      [this](Fd fd, const PeerAddress& peer) {
        if (fd.get() >= first_reserved_) balance_.shed_one();
        balance_.assign(std::move(fd), peer);
      },
      spares);
}

Server::~Server() = default;

void Server::stop_accepting() {
  if (!listener_ || wind_down_.armed()) return;
  listener_->wind_down();
  wind_down_.set_after(Listener::kHandshake);
}

void Server::close_listener() {
  if (!listener_) return;
  wind_down_.clear();
  listener_->accept_waiting();
  balance_.leave();
  listener_.reset();
  if (connections_.empty() && on_empty_) on_empty_();
  // A connection may leave the list while it is being told.
  for (auto next = connections_.begin(); next != connections_.end();) (*next++)->close_if_idle();
}

void Server::on_stopping() {
  for (auto next = connections_.begin(); next != connections_.end();) (*next++)->on_stopping();
}

void Server::abort() {
  close_listener();
  // A connection may leave the list while it is being told.
  for (auto next = connections_.begin(); next != connections_.end();) (*next++)->abort();
}

void Server::add(Fd socket, const PeerAddress& peer) {
  connections_.push_front(std::make_unique<Connection>(*this, std::move(socket), peer));
  connections_.front()->position_ = connections_.begin();
}

void Server::note_waiting(Connection& connection) {
  connections_.splice(connections_.begin(), connections_, connection.position_);
}

bool Server::close_longest_waiting() {
  const size_t kept = std::min(spares_, connections_.size());
  const auto newest = std::prev(connections_.rend(), static_cast<ptrdiff_t>(kept));
  const auto found = std::find_if(connections_.rbegin(), newest,
                                  [](const auto& connection) { return connection->dispensable(); });
  if (found == newest) return false;
  // At once, since its descriptor is wanted now: whoever asks for it is not this connection, which
  // has no request.
  connections_.erase(std::next(found).base());
  balance_.release();
  if (connections_.empty() && on_empty_) on_empty_();
  return true;
}

void Server::remove(Connection& connection) {
  if (connection.position_ == connections_.end()) return;
  context_.loop.retire(std::move(*connection.position_));
  connections_.erase(connection.position_);
  connection.position_ = connections_.end();
  balance_.release();
  refill_spares_.schedule();
  if (connections_.empty() && on_empty_) on_empty_();
}

}  // namespace watchdog

#include "net/connection_balancer.h"

#include <algorithm>

namespace watchdog {

ConnectionBalancer::Member::Member(ConnectionBalancer& balancer, Loop& loop,
                                   OnConnection on_connection, std::function<void()> on_shed)
    : balancer_(balancer),
      on_connection_(std::move(on_connection)),
      on_shed_(std::move(on_shed)),
      arrived_(loop, [this] { on_arrived(); }) {
  const std::lock_guard lock(balancer_.mutex_);
  balancer_.members_.push_back(this);
}

ConnectionBalancer::Member::~Member() {
  resign();
}

void ConnectionBalancer::Member::assign(Fd socket, const PeerAddress& peer) {
  {
    const std::lock_guard lock(balancer_.mutex_);
    Member* fewest = this;
    for (Member* member : balancer_.members_) {
      if (member->connections_ < fewest->connections_) fewest = member;
    }
    ++fewest->connections_;
    if (fewest != this) {
      fewest->passed_.push_back({std::move(socket), peer});
      fewest->arrived_.wake();  // under the mutex, or it might be gone
      return;
    }
  }
  on_connection_(std::move(socket), peer);
}

void ConnectionBalancer::Member::release() {
  const std::lock_guard lock(balancer_.mutex_);
  --connections_;
}

void ConnectionBalancer::Member::shed_one() {
  const std::lock_guard lock(balancer_.mutex_);
  const auto most = std::max_element(
      balancer_.members_.begin(), balancer_.members_.end(),
      [](const Member* a, const Member* b) { return a->connections_ < b->connections_; });
  if (most == balancer_.members_.end()) return;
  ++(*most)->to_shed_;
  (*most)->arrived_.wake();
}

void ConnectionBalancer::Member::leave() {
  resign();
  take_passed();
}

void ConnectionBalancer::Member::resign() {
  const std::lock_guard lock(balancer_.mutex_);
  std::erase(balancer_.members_, this);
}

void ConnectionBalancer::Member::on_arrived() {
  take_passed();
  size_t count = 0;
  {
    const std::lock_guard lock(balancer_.mutex_);
    std::swap(count, to_shed_);
  }
  for (; count > 0; --count) on_shed_();
}

void ConnectionBalancer::Member::take_passed() {
  std::vector<Passed> passed;
  {
    const std::lock_guard lock(balancer_.mutex_);
    passed.swap(passed_);
  }
  for (Passed& connection : passed) on_connection_(std::move(connection.socket), connection.peer);
}

}  // namespace watchdog

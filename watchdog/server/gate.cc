#include "server/gate.h"

namespace watchdog {

std::optional<Slot> Gate::enter() {
  if (most_ == 0) return Slot(*this);
  const std::lock_guard lock(mutex_);
  if (inside_ >= most_) return std::nullopt;
  ++inside_;
  return Slot(*this);
}

// While anybody waits, every slot is taken.
void Gate::leave() {
  if (most_ == 0) return;
  const std::lock_guard lock(mutex_);
  Waiter* const next = waiters_.take_first();
  if (next == nullptr) {
    --inside_;
    return;
  }
  --waiting_;
  next->wakeup_.wake();
}

Gate::Waiter::Waiter(Gate& gate, Loop& loop, std::function<void(Slot)> on_admitted)
    : gate_(gate), on_admitted_(std::move(on_admitted)), wakeup_(loop, [this] { take_slot(); }) {
  const std::lock_guard lock(gate_.mutex_);
  if (gate_.inside_ < gate_.most_) {  // somebody has left just now
    ++gate_.inside_;
    wakeup_.wake();
    return;
  }
  place_ = gate_.waiters_.join(*this);
  ++gate_.waiting_;
}

Gate::Waiter::~Waiter() {
  {
    const std::lock_guard lock(gate_.mutex_);
    if (place_.waiting()) {
      place_.leave();
      --gate_.waiting_;
      return;
    }
  }
  if (!taken_) gate_.leave();
}

void Gate::Waiter::take_slot() {
  if (std::exchange(taken_, true)) return;
  on_admitted_(Slot(gate_));
}

}  // namespace watchdog

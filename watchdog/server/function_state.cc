#include "server/function_state.h"

#include <algorithm>

namespace watchdog {

void FunctionState::set(Value value) {
  value_.store(value, std::memory_order_release);
  const std::lock_guard lock(mutex_);
  for (Listener* listener : listeners_) listener->wakeup_.wake();
}

void FunctionState::watch_for_hanging(unsigned most_timeouts, std::function<void()> on_change) {
  most_timeouts_ = most_timeouts;
  on_hanging_ = std::move(on_change);
}

void FunctionState::note_timeout() {
  if (most_timeouts_ != 0 && ++timeouts_ == most_timeouts_) on_hanging_();
}

void FunctionState::forget_timeouts() {
  if (timeouts_.exchange(0) >= most_timeouts_ && most_timeouts_ != 0) on_hanging_();
}

FunctionState::Listener::Listener(FunctionState& state, Loop& loop, std::function<void()> on_change)
    : state_(state), wakeup_(loop, std::move(on_change)) {
  const std::lock_guard lock(state_.mutex_);
  state_.listeners_.push_back(this);
}

FunctionState::Listener::~Listener() {
  const std::lock_guard lock(state_.mutex_);
  std::erase(state_.listeners_, this);
}

}  // namespace watchdog

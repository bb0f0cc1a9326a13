#include "server/function_state.h"

#include <algorithm>

namespace watchdog {

FunctionState::Value FunctionState::get() const {
  if (instances_.empty()) return Value::kReady;
  Value best = Value::kGone;
  for (const Instance& instance : instances_) {
    best = std::min(best, instance.state.load(std::memory_order_acquire));
  }
  return best;
}

void FunctionState::set(Instance& instance, Value value, std::string why) {
  const std::lock_guard lock(mutex_);
  if (value == Value::kGone) why_gone_ = std::move(why);  // before anybody can see that it has gone
  instance.state.store(value, std::memory_order_release);
  for (Listener* listener : listeners_) listener->wakeup_.wake();
}

std::string FunctionState::why_gone() const {
  const std::lock_guard lock(mutex_);
  return why_gone_;
}

bool FunctionState::healthy() const {
  return instances_.empty() ||
         std::any_of(instances_.begin(), instances_.end(),
                     [](const Instance& instance) { return instance.ready() && !instance.hung(); });
}

void FunctionState::note_timeout(Instance& instance) {
  const unsigned count = ++instance.timeouts;
  if (count == instance.most_timeouts) on_hanging_();
}

void FunctionState::forget_timeouts(Instance& instance) {
  const unsigned count = instance.timeouts.exchange(0);
  if (instance.most_timeouts != 0 && count >= instance.most_timeouts) on_hanging_();
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

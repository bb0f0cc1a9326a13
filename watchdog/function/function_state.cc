#include "function/function_state.h"

#include <algorithm>

namespace watchdog {

FunctionState::FunctionState() = default;

FunctionState::~FunctionState() = default;

Instance::State FunctionState::get() const {
  if (instances_.empty()) return Instance::State::kReady;
  Instance::State best = Instance::State::kGone;
  for (const Instance& instance : instances_) {
    best = std::min(best, instance.state.load(std::memory_order_acquire));
  }
  return best;
}

void FunctionState::set(Instance& instance, Instance::State value, std::string why) {
  const std::lock_guard lock(mutex_);
  // A worker that sees kGone asks for the reason next.
  if (value == Instance::State::kGone) why_gone_ = std::move(why);
  instance.state.store(value, std::memory_order_release);
  for (Observer* observer : observers_) observer->wakeup_.wake();
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

FunctionState::Observer::Observer(FunctionState& state, Loop& loop, std::function<void()> on_change)
    : state_(state), wakeup_(loop, std::move(on_change)) {
  const std::lock_guard lock(state_.mutex_);
  state_.observers_.push_back(this);
}

FunctionState::Observer::~Observer() {
  const std::lock_guard lock(state_.mutex_);
  std::erase(state_.observers_, this);
}

}  // namespace watchdog

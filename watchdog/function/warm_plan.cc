#include "function/warm_plan.h"

namespace watchdog {

void WarmPlan::renew() {
  decision_.store(WarmStart::kAuto, std::memory_order_release);
  claimed_ = false;
  announced_ = WarmStart::kAuto;
  generation_.fetch_add(1, std::memory_order_acq_rel);
  wake_all();
}

void WarmPlan::decide(WarmStart kind, Fallback reason, uint64_t generation) {
  if (generation != generation_) return;
  reason_.store(reason, std::memory_order_relaxed);
  decision_.store(kind, std::memory_order_release);
  wake_all();
}

void WarmPlan::join(Wakeup& wakeup) {
  const std::lock_guard lock(mutex_);
  wakeups_.push_back(&wakeup);
}

void WarmPlan::leave(Wakeup& wakeup) {
  const std::lock_guard lock(mutex_);
  std::erase(wakeups_, &wakeup);
}

void WarmPlan::wake_all() {
  const std::lock_guard lock(mutex_);
  for (Wakeup* const wakeup : wakeups_) wakeup->wake();
}

}  // namespace watchdog

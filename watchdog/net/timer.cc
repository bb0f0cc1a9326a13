#include "net/timer.h"

#include "net/loop.h"

namespace watchdog {

std::optional<Instant> TimerQueue::next() const {
  if (heap_.empty()) return std::nullopt;
  return heap_.front()->queued_for_;
}

void TimerQueue::run_due(Instant now) {
  while (!heap_.empty() && heap_.front()->queued_for_ <= now) {
    Timer& timer = *heap_.front();
    remove(timer);
    if (!timer.deadline_) continue;
    if (*timer.deadline_ > now) {
      insert(timer, *timer.deadline_);
      continue;
    }
    timer.deadline_.reset();
    timer.on_fire_();
  }
}

void TimerQueue::insert(Timer& timer, Instant when) {
  timer.queued_for_ = when;
  heap_.push_back(&timer);
  timer.index_ = heap_.size() - 1;
  move_up(timer.index_);
}

void TimerQueue::remove(Timer& timer) {
  const size_t index = timer.index_;
  timer.index_ = Timer::kNotQueued;
  Timer* last = heap_.back();
  heap_.pop_back();
  if (last == &timer) return;
  place(last, index);
  move_up(index);
  move_down(last->index_);
}

void TimerQueue::move_up(size_t index) {
  Timer* timer = heap_[index];
  while (index > 0) {
    const size_t parent = (index - 1) / 2;
    if (heap_[parent]->queued_for_ <= timer->queued_for_) break;
    place(heap_[parent], index);
    index = parent;
  }
  place(timer, index);
}

void TimerQueue::move_down(size_t index) {
  Timer* timer = heap_[index];
  for (;;) {
    size_t child = 2 * index + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1]->queued_for_ < heap_[child]->queued_for_) {
      ++child;
    }
    if (timer->queued_for_ <= heap_[child]->queued_for_) break;
    place(heap_[child], index);
    index = child;
  }
  place(timer, index);
}

void TimerQueue::place(Timer* timer, size_t index) {
  heap_[index] = timer;
  timer->index_ = index;
}

Timer::Timer(Loop& loop, std::function<void()> on_fire)
    : loop_(loop), on_fire_(std::move(on_fire)) {}

Timer::~Timer() {
  if (index_ != kNotQueued) loop_.timers().remove(*this);
}

void Timer::set(Instant deadline) {
  deadline_ = deadline;
  if (index_ != kNotQueued) {
    if (queued_for_ <= deadline) return;
    loop_.timers().remove(*this);
  }
  loop_.timers().insert(*this, deadline);
}

void Timer::set_after(Duration delay) {
  const Instant now = loop_.now();
  // A delay of years must not wrap around into the past.
  const Duration longest = std::chrono::hours(24 * 365);
  set(now + std::min(delay, longest));
}

void Timer::fire_within(Duration delay) {
  if (!deadline_ || *deadline_ - loop_.now() > delay) set_after(delay);
}

}  // namespace watchdog

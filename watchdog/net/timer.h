#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <vector>

#include "base/time.h"

namespace watchdog {

class Loop;
class Timer;

// The timers of one Loop: a heap ordered by the moment at which each must next be looked at.
class TimerQueue {
 public:
  // Returns when to call run_due() next; nothing when no timer is armed.
  std::optional<Instant> next() const;
  // Fires every timer that is due at `now`.
  void run_due(Instant now);

 private:
  friend class Timer;
  void insert(Timer& timer, Instant when);
  void remove(Timer& timer);
  void move_up(size_t index);
  void move_down(size_t index);
  void place(Timer* timer, size_t index);

  std::vector<Timer*> heap_;
};

// Calls `on_fire` once, at or just after a deadline and never before it. Destroying it cancels it.
// Moving the deadline later or clearing it costs nothing: the queue learns of it only when the
// earlier moment comes.
class Timer {
 public:
  Timer(Loop& loop, std::function<void()> on_fire);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void set(Instant deadline);
  void set_after(Duration delay);
  // Sets it, unless it is to fire sooner already.
  void fire_within(Duration delay);
  void clear() { deadline_.reset(); }
  bool armed() const { return deadline_.has_value(); }

 private:
  friend class TimerQueue;
  static constexpr size_t kNotQueued = std::numeric_limits<size_t>::max();

  Loop& loop_;
  std::function<void()> on_fire_;
  std::optional<Instant> deadline_;
  Instant queued_for_{};  // when the queue looks at this timer: at or before deadline_
  size_t index_ = kNotQueued;
};

}  // namespace watchdog

#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <vector>

#include "net/loop.h"

namespace watchdog {

// Whether the function can take requests, for every worker to see: always, where it is started for
// each request; else what its Supervisor says. Owned by main, which alone sets it.
class FunctionState {
 public:
  enum class Value {
    kReady,
    kComing,  // it is starting, or will be started again
    kGone,    // and will not be back
  };

  Value get() const { return value_.load(std::memory_order_acquire); }
  void set(Value value);

  // A function that lets so many requests in a row run into exec_timeout counts as hung, until it
  // answers one. `on_change` is called on any thread when that begins and when it ends. Before any
  // worker runs.
  void watch_for_hanging(unsigned most_timeouts, std::function<void()> on_change);
  void note_timeout();
  void note_answer() {
    if (timeouts_.load(std::memory_order_relaxed) != 0) forget_timeouts();
  }
  // It was started again.
  void forget_timeouts();
  bool hung() const {
    return most_timeouts_ != 0 && timeouts_.load(std::memory_order_relaxed) >= most_timeouts_;
  }

  // Runs `on_change` on `loop` after every change. Outlived by the FunctionState.
  class Listener {
   public:
    Listener(FunctionState& state, Loop& loop, std::function<void()> on_change);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

   private:
    friend class FunctionState;
    FunctionState& state_;
    Wakeup wakeup_;
  };

 private:
  std::atomic<Value> value_{Value::kReady};
  std::atomic<unsigned> timeouts_{0};  // in a row
  unsigned most_timeouts_ = 0;
  std::function<void()> on_hanging_;
  std::mutex mutex_;
  std::vector<Listener*> listeners_;
};

}  // namespace watchdog

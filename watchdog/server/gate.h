#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <utility>

#include "net/loop.h"

namespace watchdog {

class Gate;

// A place among the requests in flight; given back when it goes out of scope.
class Slot {
 public:
  Slot(Slot&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
  Slot& operator=(Slot&& other) noexcept {
    std::swap(gate_, other.gate_);
    return *this;
  }
  ~Slot();

 private:
  friend class Gate;
  explicit Slot(Gate& gate) : gate_(&gate) {}
  Gate* gate_;
};

// How many requests may be with the function at a time, and how many may wait for that, over all
// workers. Owned by main.
class Gate {
 public:
  // `most` 0: no limit.
  explicit Gate(uint64_t most, uint64_t most_waiting = 0)
      : most_(most), most_waiting_(most_waiting) {}

  // None when full. A slot that is given back goes to whoever has waited longest.
  std::optional<Slot> enter();
  // Whether one more may wait.
  bool may_wait() const { return waiting_ < most_waiting_; }
  // Whether a request that came now would be refused.
  bool full() const { return most_ != 0 && inside_ >= most_ && !may_wait(); }
  uint64_t most() const { return most_; }
  uint64_t waiting() const { return waiting_; }

  // A place in the queue, first come, first served. Destroying it gives the place up, and the slot
  // too, if it has just been given one.
  class Waiter {
   public:
    // `on_admitted` runs once, on `loop`.
    Waiter(Gate& gate, Loop& loop, std::function<void(Slot)> on_admitted);
    ~Waiter();
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

   private:
    friend class Gate;
    void take_slot();

    Gate& gate_;
    std::function<void(Slot)> on_admitted_;
    std::list<Waiter*>::iterator place_;  // while !admitted_
    bool admitted_ = false;               // under the gate's mutex, as place_
    bool taken_ = false;                  // the slot has been passed on
    Wakeup wakeup_;
  };

 private:
  friend class Slot;
  void leave();

  const uint64_t most_;
  const uint64_t most_waiting_;
  std::mutex mutex_;  // of what follows; the counts may be read without it
  std::atomic<uint64_t> inside_{0};
  std::atomic<uint64_t> waiting_{0};
  std::list<Waiter*> waiters_;  // the one that has waited longest first
};

inline Slot::~Slot() {
  if (gate_ != nullptr) gate_->leave();
}

}  // namespace watchdog

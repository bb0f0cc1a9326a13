#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include "base/wait_list.h"
#include "net/loop.h"

namespace watchdog {

class Gate;

// A place among the requests in flight. Destroying it gives the place back, on any thread.
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

// Limits the concurrent requests (max_inflight) and the queue for a slot (max_queue), across all
// workers. Owned by main; used from any thread.
class Gate {
 public:
  // With `most` 0 there is no limit.
  explicit Gate(uint64_t most, uint64_t most_waiting = 0)
      : most_(most), most_waiting_(most_waiting) {}

  // Returns nothing when every slot is taken. A slot that is given back goes to the Waiter that
  // has waited longest.
  std::optional<Slot> enter();
  // Whether the queue has room for one more.
  bool may_wait() const { return waiting_ < most_waiting_; }
  // Whether a request that came now would be refused: no slot is free, and the queue is full.
  bool full() const { return most_ != 0 && inside_ >= most_ && !may_wait(); }
  uint64_t most() const { return most_; }
  uint64_t waiting() const { return waiting_; }

  // One request in the queue, on the loop of its worker. Destroying it leaves the queue; a slot
  // that it has been given but not yet passed on goes to the next.
  class Waiter {
   public:
    // `on_admitted` runs once, on `loop`, in a turn of its own.
    Waiter(Gate& gate, Loop& loop, std::function<void(Slot)> on_admitted);
    ~Waiter();
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

   private:
    friend class Gate;
    void take_slot();

    Gate& gate_;
    std::function<void(Slot)> on_admitted_;
    WaitList<Waiter>::Place place_;  // under the gate's mutex; none: a slot has been given
    bool taken_ = false;             // the slot has been passed on
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
  WaitList<Waiter> waiters_;
};

inline Slot::~Slot() {
  if (gate_ != nullptr) gate_->leave();
}

}  // namespace watchdog

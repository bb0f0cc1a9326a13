#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>

namespace watchdog {

class Gate;

// A place among the requests in flight; given back when it goes out of scope.
class Slot {
 public:
  Slot(Slot&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
  Slot& operator=(Slot&& other) noexcept;
  ~Slot();

 private:
  friend class Gate;
  explicit Slot(Gate& gate) : gate_(&gate) {}
  Gate* gate_;
};

// How many requests may be with the function at a time, over all workers. Owned by main.
class Gate {
 public:
  // `most` 0: no limit.
  explicit Gate(uint64_t most) : most_(most) {}

  // None when full.
  std::optional<Slot> enter();
  bool full() const { return most_ != 0 && inside_.load() >= most_; }
  uint64_t most() const { return most_; }

 private:
  friend class Slot;
  const uint64_t most_;
  std::atomic<uint64_t> inside_{0};
};

inline Slot::~Slot() {
  if (gate_ != nullptr) --gate_->inside_;
}

inline Slot& Slot::operator=(Slot&& other) noexcept {
  std::swap(gate_, other.gate_);
  return *this;
}

inline std::optional<Slot> Gate::enter() {
  uint64_t inside = inside_.load();
  do {
    if (most_ != 0 && inside >= most_) return std::nullopt;
  } while (!inside_.compare_exchange_weak(inside, inside + 1));
  return Slot(*this);
}

}  // namespace watchdog

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace watchdog {

// A value that one thread replaces while others read it: keys and secrets, which change while
// requests are served. Whoever has read a value may keep it.
template <typename T>
class Published {
 public:
  // Null is "there is none".
  void publish(std::shared_ptr<const T> value) {
    const std::lock_guard lock(mutex_);
    value_ = std::move(value);
    generation_.fetch_add(1, std::memory_order_release);
  }

  std::shared_ptr<const T> value() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }
  // Changes with every publish(); 0 before the first.
  uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
  std::atomic<uint64_t> generation_{0};
};

// One thread's view of a published value: it takes the lock only when there is a new one.
template <typename T>
class Subscription {
 public:
  // `source` outlives it.
  explicit Subscription(const Published<T>& source) : source_(source) {}

  // The value in force, or null; valid until the next call.
  const T* current() {
    const uint64_t generation = source_.generation();
    if (generation != generation_) {
      value_ = source_.value();
      generation_ = generation;
    }
    return value_.get();
  }
  // That of current(), or an earlier one.
  uint64_t generation() const { return generation_; }

 private:
  const Published<T>& source_;
  std::shared_ptr<const T> value_;
  uint64_t generation_ = 0;
};

}  // namespace watchdog

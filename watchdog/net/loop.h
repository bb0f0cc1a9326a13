#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/time.h"
#include "net/timer.h"

struct uv_loop_s;

namespace watchdog {

class Deferred;
class DescriptorReclaimer;
class Stream;
class Turn;

// Tells the time; tests put their own in its place.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
};
const Clock& real_clock();

// The event loop of one thread, on libuv. All objects that live on it are used from its thread
// only; Wakeup::wake() alone may be called from any.
//
// How objects end and calls nest: libuv calls back, and each callback is a Turn. Within a turn an
// object that may be on the call stack is not deleted but retired: retire() destroys it when the
// turn ends. A call that would re-enter its caller is put off to the same moment by a Deferred. So
// a handler may close its own connection, and no callback meets a destroyed object.
//
// Before the loop waits again it writes what Streams hold back, flushes the log and looks at the
// clock.
class Loop {
 public:
  explicit Loop(const Clock& clock = real_clock());
  // Everything on the loop must have been destroyed; runs it until libuv has closed the last
  // handle.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs until stop().
  void run();
  void stop();
  // Makes one pass over what is ready, without waiting. For tests.
  void poll();

  Instant now() const { return clock_.now(); }
  TimerQueue& timers() { return timers_; }

  // Destroys `object` at the end of this turn. For objects that are on the call stack.
  template <typename T>
  void retire(std::unique_ptr<T> object) {
    if (object) retired_.emplace_back(object.release(), [](void* p) { delete static_cast<T*>(p); });
  }

  // The number of turns so far, so that an object can tell whether something happened in this one.
  uint64_t turn() const { return turn_; }

  // Closes a descriptor that can be spared (DescriptorReclaimer). Returns whether there was one.
  bool reclaim_descriptor();
  // Whether `error`, an errno, says that no descriptor was left, and one has been freed since: then
  // it is worth trying again.
  bool made_room(int error);

  uv_loop_s* uv() { return uv_.get(); }
  // The buffer that every Stream of this loop reads into; valid for the length of one callback.
  std::span<char> read_buffer();

 private:
  friend class Deferred;
  friend class DescriptorReclaimer;
  friend class Stream;
  friend class Turn;
  struct Hooks;

  void end_turn();
  void before_wait();
  void flush_streams();
  void arm();

  const Clock& clock_;
  std::unique_ptr<uv_loop_s> uv_;
  std::unique_ptr<Hooks> hooks_;
  TimerQueue timers_;
  std::vector<std::unique_ptr<void, void (*)(void*)>> retired_;
  std::deque<Deferred*> deferred_;
  std::vector<Stream*> unflushed_;
  std::vector<DescriptorReclaimer*> reclaimers_;
  std::unique_ptr<char[]> read_buffer_;
  int turn_depth_ = 0;
  uint64_t turn_ = 0;
};

// The length of one callback from libuv, or of a call that a test makes into objects on the loop.
class Turn {
 public:
  explicit Turn(Loop& loop) : loop_(loop) { ++loop_.turn_depth_; }
  ~Turn() {
    if (--loop_.turn_depth_ == 0) loop_.end_turn();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  Loop& loop_;
};

// A call that is put off to the end of the turn, so that nothing is re-entered. Destroying it
// cancels it.
class Deferred {
 public:
  Deferred(Loop& loop, std::function<void()> call) : loop_(loop), call_(std::move(call)) {}
  ~Deferred();
  Deferred(const Deferred&) = delete;
  Deferred& operator=(const Deferred&) = delete;

  // Asks for one call, however often it is asked.
  void schedule();

 private:
  friend class Loop;
  Loop& loop_;
  std::function<void()> call_;
  bool scheduled_ = false;
};

// Wakes a loop from any thread: `on_wake` runs on the loop soon after wake(), once for any number
// of calls.
class Wakeup {
 public:
  Wakeup(Loop& loop, std::function<void()> on_wake);
  ~Wakeup();
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;

  void wake();

 private:
  struct Core;
  Core* core_;  // closes and frees itself
};

}  // namespace watchdog

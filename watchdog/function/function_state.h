#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/line_splitter.h"
#include "config/upstream_url.h"
#include "net/loop.h"

namespace watchdog {

// One instance of the function's own server: where it listens, its state, and its requests in
// flight. Owned by the FunctionState. The atomic members are used on any thread; the others are set
// before any worker runs.
struct Instance {
  enum class State {
    kReady,
    kComing,  // it is starting, or will be started again
    kGone,    // it has ended, and will not be started again
  };

  std::string url;  // with the port of this instance
  UpstreamUrl upstream;
  std::string authority;
  std::vector<SocketAddress> addresses;
  uint16_t port = 0;           // that was chosen for {port}; 0: none was
  unsigned most_timeouts = 0;  // hung_after
  uint64_t output = 0;         // its number on the StatusBoard; 0: there is none
  LineCopy copy_errors;        // for lines of its standard error, from any thread; empty: none

  std::atomic<pid_t> pid{0};  // of its process; 0: none runs, or it is not ours
  std::atomic<State> state{State::kComing};
  // Set when we asked it to stop for good: later connection errors are reported as draining, not as
  // failures.
  std::atomic<bool> asked_to_end{false};
  std::atomic<bool> ended_well{false};  // its last process ended with exit code 0
  std::atomic<unsigned> timeouts{0};    // requests in a row that ran into exec_timeout
  std::atomic<bool> overran{false};     // it once sent bytes behind the end of a response
  std::atomic<uint32_t> in_flight{0};   // requests, of all workers

  bool ready() const { return state.load(std::memory_order_acquire) == State::kReady; }
  bool hung() const { return most_timeouts != 0 && timeouts >= most_timeouts; }
};

// Counts a request in an Instance's in_flight as long as this lives. Used on any thread.
class InFlight {
 public:
  explicit InFlight(Instance& instance) : instance_(&instance) { ++instance.in_flight; }
  InFlight(InFlight&& other) noexcept : instance_(std::exchange(other.instance_, nullptr)) {}
  InFlight& operator=(InFlight&& other) noexcept {
    std::swap(instance_, other.instance_);
    return *this;
  }
  ~InFlight() {
    if (instance_ != nullptr) --instance_->in_flight;
  }

 private:
  Instance* instance_;
};

// Tells every worker whether the function can take requests: always, where it is started for each
// request; else when the Supervisor of one of its instances says so. Owned by main. What sets it is
// called on main's loop, unless it says otherwise; what asks, on any thread.
class FunctionState {
 public:
  FunctionState();
  ~FunctionState();
  // To be called before any worker runs. The address of an instance does not change.
  Instance& add_instance() { return instances_.emplace_back(); }
  std::deque<Instance>& instances() { return instances_; }
  const std::deque<Instance>& instances() const { return instances_; }

  // Returns the best state of any instance, in the order of the enum; kReady where there are none.
  Instance::State get() const;
  // Sets the state of an instance, and wakes every Observer. `why` it is kGone is for people; empty
  // where it was asked to end.
  void set(Instance& instance, Instance::State value, std::string why = {});
  // Returns the `why` of the instance that became kGone last.
  std::string why_gone() const;
  // Whether at least one instance is ready and not hung; true where there are none.
  bool healthy() const;

  // An instance is hung when hung_after requests in a row have run into exec_timeout, until it
  // responds to one. `on_change` is called when that begins and when it ends, on the thread of the
  // call that causes it. To be set before any worker runs.
  void on_hanging(std::function<void()> on_change) { on_hanging_ = std::move(on_change); }
  // A request to the instance has run into exec_timeout. May be called on any thread, as what
  // follows.
  void note_timeout(Instance& instance);
  // The instance has begun to respond.
  void note_response(Instance& instance) {
    if (instance.timeouts.load(std::memory_order_relaxed) != 0) forget_timeouts(instance);
  }
  // Begins to count anew, as the instance was started again.
  void forget_timeouts(Instance& instance);

  // Runs `on_change` on `loop` soon after every set(), once for several that follow closely. Made
  // and destroyed on that loop's thread. The FunctionState outlives it.
  class Observer {
   public:
    Observer(FunctionState& state, Loop& loop, std::function<void()> on_change);
    ~Observer();
    Observer(const Observer&) = delete;
    Observer& operator=(const Observer&) = delete;

   private:
    friend class FunctionState;
    FunctionState& state_;
    Wakeup wakeup_;
  };

 private:
  std::deque<Instance> instances_;
  std::function<void()> on_hanging_;
  mutable std::mutex mutex_;
  std::vector<Observer*> observers_;  // under the mutex, as why_gone_
  std::string why_gone_;
};

}  // namespace watchdog

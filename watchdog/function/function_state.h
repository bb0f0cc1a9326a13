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

#include "config/upstream_url.h"
#include "net/loop.h"

namespace watchdog {

// One copy of the function's own server: where it listens, how it fares, how much it has to do.
// What is not atomic is set before any worker runs.
struct Instance {
  enum class State {
    kReady,
    kComing,  // it is starting, or will be started again
    kGone,    // and will not be back
  };

  std::string url;  // with its own port
  UpstreamUrl upstream;
  std::string authority;
  std::vector<SocketAddress> addresses;
  uint16_t port = 0;           // that was chosen for it; 0: none was
  unsigned most_timeouts = 0;  // hung_after

  std::atomic<pid_t> pid{0};  // of its process; 0: there is none, or it is somebody else's
  std::atomic<State> state{State::kComing};
  std::atomic<bool> asked_to_end{false};  // for good: what breaks off from now on is our doing
  std::atomic<bool> ended_well{false};    // its last process, with exit code 0
  std::atomic<unsigned> timeouts{0};      // requests in a row that ran into exec_timeout
  std::atomic<bool> overran{false};       // it once sent bytes behind the end of an answer
  std::atomic<uint32_t> in_flight{0};     // requests that it answers, of all workers

  bool ready() const { return state.load(std::memory_order_acquire) == State::kReady; }
  bool hung() const { return most_timeouts != 0 && timeouts >= most_timeouts; }
};

// A request that an Instance answers, while this lives.
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

// Whether the function can take requests, for every worker to see: always, where it is started for
// each request; else what the Supervisors of its instances say. Owned by main, which alone sets it.
class FunctionState {
 public:
  // Before any worker runs; instances stay where they are.
  Instance& add_instance() { return instances_.emplace_back(); }
  std::deque<Instance>& instances() { return instances_; }

  // That of the instance that fares best.
  Instance::State get() const;
  // `why` an instance has gone for good is for people; empty: it was asked to end.
  void set(Instance& instance, Instance::State value, std::string why = {});
  // Why the instance that went last has gone.
  std::string why_gone() const;
  // Whether one is ready and does not hang.
  bool healthy() const;

  // An instance that lets hung_after requests in a row run into exec_timeout counts as hung, until
  // it answers one. `on_change` is called on any thread when that begins and when it ends.
  void on_hanging(std::function<void()> on_change) { on_hanging_ = std::move(on_change); }
  void note_timeout(Instance& instance);
  void note_response(Instance& instance) {
    if (instance.timeouts.load(std::memory_order_relaxed) != 0) forget_timeouts(instance);
  }
  // It was started again.
  void forget_timeouts(Instance& instance);

  // Runs `on_change` on `loop` after every change. Outlived by the FunctionState.
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
  std::vector<Observer*> observers_;
  std::string why_gone_;
};

}  // namespace watchdog

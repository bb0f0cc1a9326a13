#pragma once

#include <atomic>
#include <string>

#include "base/time.h"
#include "config/config.h"
#include "function/function_state.h"

namespace watchdog {

// How far the process is on its way from start to end. Only ever goes forward.
enum class Stage {
  kStarting,
  kServing,
  kDraining,  // unready, but serving: answers ask clients to close their connections
  kClosing,   // no new connections; requests under way finish
  kStopping,  // functions are asked to end
  kAborting,  // what is still unanswered gets 503
  kOver,
};

// What health checks ask for, shared by all workers. Owned by main.
//
// The lock file ($TMPDIR/.lock, as of-watchdog writes it) stands for health on disk: there while
// serving, removed on leaving, and when somebody else removes it we are unhealthy. A folder that
// cannot be written to is a warning only; health is then told by HTTP alone.
class Health {
 public:
  Health(const Config& config, const FunctionState& function);
  ~Health();
  Health(const Health&) = delete;
  Health& operator=(const Health&) = delete;

  void start_serving();
  // The function has become ready, or is no longer, or hangs: the lock goes with it.
  void on_function_state();
  // Moves on to `stage`; the lock goes with kServing.
  void advance(Stage stage);

  Stage stage() const { return stage_.load(std::memory_order_relaxed); }
  bool healthy() const;
  // Whether the end has begun: also when the signal for it has come and nobody has read it yet. Who
  // sends it to every process of the container ends the function before we have heard of it.
  bool stopping() const;

  // When the last request came, while leaving.
  void note_request(Instant now) { last_request_.store(now, std::memory_order_relaxed); }
  Instant last_request() const { return last_request_.load(std::memory_order_relaxed); }

 private:
  void write_lock();
  void remove_lock();

  const Config& config_;
  const FunctionState& function_;
  std::atomic<Stage> stage_{Stage::kStarting};
  std::atomic<Instant> last_request_{Instant{}};
  std::string lock_path_;
  std::atomic<bool> locked_{false};
};

}  // namespace watchdog

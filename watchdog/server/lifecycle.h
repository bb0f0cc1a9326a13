#pragma once

#include <atomic>

#include "base/time.h"

namespace watchdog {

// How far the process is on its way from its start to its end.
enum class Stage {
  kStarting,
  kServing,
  kDraining,  // unready, but still serving; responses ask clients to close their connections
  kClosing,   // no new connections; requests under way finish
  kStopping,  // functions have been asked to end; what they still answer is delivered
  kAborting,  // what is still unanswered has got 503, and its functions are killed
  kOver,      // the loops stop
};

// The stage that the process has reached, for every thread to see. It only goes forward. Owned by
// the Watchdog; its Drain, on the main loop, alone moves it on.
class Lifecycle {
 public:
  Stage stage() const { return stage_.load(std::memory_order_relaxed); }
  // Returns false where that stage has been reached already.
  bool advance(Stage stage);
  // Whether the end has begun, or a signal for it has come and not been read yet. Whoever sends one
  // to every process of the container ends the function before we have heard of it.
  bool ending() const;

  // When the last request came, while draining.
  void note_request(Instant now) { last_request_.store(now, std::memory_order_relaxed); }
  Instant last_request() const { return last_request_.load(std::memory_order_relaxed); }

 private:
  std::atomic<Stage> stage_{Stage::kStarting};
  std::atomic<Instant> last_request_{Instant{}};
};

}  // namespace watchdog

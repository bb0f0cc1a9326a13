#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/wait_list.h"
#include "net/loop.h"
#include "process/readiness_probe.h"

namespace watchdog {

// Lets any number of requests share one question to the function's server: a request that asks
// while a question is under way gets the result of that one. So /_/ready costs the server one
// connection at a time. Owned by a worker's mode, used on the loop of its worker.
class SharedProbe {
 public:
  // Makes the probe for the next question; never null.
  using Make = std::function<std::unique_ptr<ReadinessProbe>()>;

  SharedProbe(Loop& loop, Make make) : loop_(loop), make_(std::move(make)) {}

  // Returns a probe for one request, which this outlives. Destroying it, or cancel(), takes its
  // question back; the shared one is cancelled when no request waits for it any more.
  std::unique_ptr<ReadinessProbe> asker();

 private:
  class Asker;

  void ask();
  // Cancels the question that is under way when no request waits for its result any more.
  void cancel_unless_awaited();
  void on_response(const std::optional<std::string>& problem);

  Loop& loop_;
  const Make make_;
  std::unique_ptr<ReadinessProbe> probe_;  // while a question is under way
  WaitList<Asker> askers_;                 // that wait for its result
};

}  // namespace watchdog

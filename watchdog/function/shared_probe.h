#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/wait_list.h"
#include "net/loop.h"
#include "process/readiness_probe.h"

namespace watchdog {

// Lets any number of requests share one question to the function: whoever asks while one is under
// way gets its answer too, so that /_/ready costs the function one connection at a time, however
// many ask. Owned by a worker's mode, used on its loop.
class SharedProbe {
 public:
  // Makes the probe for the next question; null when there is nothing to ask.
  using Make = std::function<std::unique_ptr<ReadinessProbe>()>;

  SharedProbe(Loop& loop, Make make) : loop_(loop), make_(std::move(make)) {}

  // One who asks; outlived by this. Destroying it, or cancel(), takes back its question, and what
  // is under way is given up when nobody is left.
  std::unique_ptr<ReadinessProbe> asker();

 private:
  class Asker;

  void ask();
  // Gives up what is under way when nobody waits for its answer any more.
  void cancel_unless_awaited();
  void answer(const std::optional<std::string>& problem);

  Loop& loop_;
  const Make make_;
  std::unique_ptr<ReadinessProbe> probe_;  // while a question is under way
  WaitList<Asker> askers_;                 // that wait for its answer
};

}  // namespace watchdog

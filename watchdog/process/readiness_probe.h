#pragma once

#include <functional>
#include <optional>
#include <string>

namespace watchdog {

// Asks once whether the warm process takes requests.
class ReadinessProbe {
 public:
  virtual ~ReadinessProbe() = default;
  // `on_response` runs once, later: with nothing when it does, else with what was tried and what came
  // of it. A new question replaces one that is under way.
  using OnResponse = std::function<void(std::optional<std::string>)>;
  virtual void ask(OnResponse on_response) = 0;
  virtual void cancel() = 0;
};

}  // namespace watchdog

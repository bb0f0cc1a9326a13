#pragma once

#include <functional>
#include <optional>
#include <string>

namespace watchdog {

// Asks once whether the function's server takes requests. Used on the loop that it was made on.
class ReadinessProbe {
 public:
  virtual ~ReadinessProbe() = default;
  // `on_response` runs once, later: with nothing when the server takes requests, else with what was
  // tried and how it failed. A new question replaces one that is under way.
  using OnResponse = std::function<void(std::optional<std::string>)>;
  virtual void ask(OnResponse on_response) = 0;
  virtual void cancel() = 0;
};

}  // namespace watchdog

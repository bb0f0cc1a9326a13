#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "config/config.h"
#include "function/function_state.h"
#include "net/loop.h"
#include "process/supervisor.h"

namespace watchdog {

// The function's processes that are kept warm: a Supervisor for each instance, whose state the
// workers see in the FunctionState. One that has ended for good is missed only when it was the
// last. Owned by main, on main's loop.
class WarmFunction {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    // Whether the function is healthy may have changed.
    virtual void on_function_state() = 0;
    // No instance is left, without stop(); `exit_code` is what we should exit with.
    virtual void on_function_end(int exit_code) = 0;
    // Whether the watchdog has been asked to end.
    virtual bool is_stopping() const = 0;
  };

  WarmFunction(Loop& loop, Reaper& reaper, const Config& config, FunctionState& state,
               Owner& owner);
  ~WarmFunction();
  WarmFunction(const WarmFunction&) = delete;
  WarmFunction& operator=(const WarmFunction&) = delete;

  // Finds out where each instance will listen. Returns what is wrong, if anything. Once, before
  // any worker runs.
  std::optional<std::string> prepare();

  void start();
  void stop();
  void abandon();
  // Starts every instance again.
  void replace();
  void forward(int signal);
  bool over() const;
  uint64_t restarts() const;

 private:
  class Copy;

  std::optional<std::string> add_copy(uint16_t port);
  void on_hanging_changed();

  Loop& loop_;
  Reaper& reaper_;
  const Config& config_;
  FunctionState& state_;
  Owner& owner_;
  std::list<Copy> copies_;
  Wakeup hanging_;
};

}  // namespace watchdog

#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "config/config.h"
#include "function/function_state.h"
#include "net/loop.h"
#include "process/supervisor.h"

namespace watchdog {

// The processes of a function that is kept warm: one Supervisor for each instance, whose state the
// workers see in the FunctionState. The function has ended when its last instance has ended for
// good. Owned by main, used on main's loop.
class WarmFunction {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    // Whether the function is healthy may have changed.
    virtual void on_function_state() = 0;
    // A process that we have started is ready, after this time.
    virtual void on_function_ready(Duration taken) = 0;
    // The last instance has ended for good, without stop(). We should exit with `exit_code`.
    virtual void on_function_end(int exit_code) = 0;
    // Whether the watchdog has been asked to end.
    virtual bool is_stopping() const = 0;
  };

  WarmFunction(Loop& loop, Reaper& reaper, const Config& config, FunctionState& state,
               Owner& owner);
  ~WarmFunction();
  WarmFunction(const WarmFunction&) = delete;
  WarmFunction& operator=(const WarmFunction&) = delete;

  // `call` gets each instance before its process. To be set before prepare().
  void on_instance(std::function<void(Instance&)> call) { on_instance_ = std::move(call); }
  // Chooses where each instance will listen, and adds them to the FunctionState. Returns what is
  // wrong, in one line; nothing where all is well. Called by main, once, before any worker runs.
  std::optional<std::string> prepare();

  // Starts every instance.
  void start();
  // Asks every instance to end for good: stop_signal, and SIGKILL stop_timeout later.
  void stop();
  // As Supervisor::abandon(), of every instance.
  void abandon();
  // Starts every instance again, when it has finished its requests or stop_timeout is over.
  void replace();
  // Sends a signal to every instance.
  void forward(int signal);
  // Whether every instance has ended for good.
  bool over() const;
  // The number of times that instances were started again.
  uint64_t restarts() const;

 private:
  class Process;

  std::optional<std::string> add_instance(uint16_t port);
  void on_hanging_changed();

  Loop& loop_;
  Reaper& reaper_;
  const Config& config_;
  FunctionState& state_;
  Owner& owner_;
  std::function<void(Instance&)> on_instance_;
  std::list<Process> processes_;
  Wakeup hanging_;
};

}  // namespace watchdog

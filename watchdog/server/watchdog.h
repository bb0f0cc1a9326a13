#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "function/warm_function.h"
#include "function/warm_plan.h"
#include "net/connection_balancer.h"
#include "net/folder_watch.h"
#include "net/loop.h"
#include "net/signals.h"
#include "process/reaper.h"
#include "server/drain.h"
#include "server/function_service.h"
#include "server/gate.h"
#include "server/health.h"
#include "server/lifecycle.h"
#include "server/metrics.h"
#include "server/metrics_service.h"
#include "server/server.h"
#include "server/status_page.h"
#include "server/traces.h"
#include "server/worker.h"

namespace watchdog {

// The whole of a running watchdog, once its configuration is known to be good: every part that
// lives from the start to the end of the process, and the calls from one to another that they
// cannot make themselves. Used on one thread, which is that of the main loop.
class Watchdog final : private WarmFunction::Owner, private Drain::Subject {
 public:
  // `config` outlives it.
  explicit Watchdog(const Config& config);
  // Where run() has not been called, or not to its end, what is under way is lost.
  ~Watchdog() override;
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  struct StartFailure {
    int exit_code;
    std::string reason;  // one line
  };
  // Opens the ports and starts the function and the worker threads. Once. block_signals() must have
  // been called.
  std::optional<StartFailure> start();
  // Serves until a signal, or the function, ends it. Returns the exit code. After start().
  int run();

  Loop& loop() { return loop_; }
  // The function's port, after start(): the one that the system has chosen for port 0.
  uint16_t port() const { return port_; }

 private:
  std::optional<std::string> watch_signals();
  void on_signal(int signal);
  void on_child_signal();
  std::optional<std::string> control_access();
  void trace_requests();
  StatusViewers viewers() const;
  void show_status();
  std::optional<std::string> prepare_function();
  std::optional<std::string> watch_files();
  void on_file_changed(const std::string& file);
  std::optional<std::string> add_workers(Fd socket);
  // Without a socket where there is to be no port of metrics, or it is taken.
  Fd bind_metrics_port() const;
  Result<Fd> listen_on(uint16_t port) const;

  // WarmFunction::Owner
  void on_function_state() override;
  void on_function_ready(Duration taken) override { metrics_.cold_start_seconds.observe(taken); }
  void on_function_end(int exit_code) override;
  bool is_stopping() const override { return lifecycle_.ending(); }

  // Drain::Subject
  void on_stage() override;
  bool idle() const override;
  void stop_function() override;
  void abandon_function() override;
  bool function_over() const override { return !function_ || function_->over(); }
  bool report_sent() override { return !traces_ || traces_->sent(); }

  // In the order of construction: every part is used only by those below it, and by the callbacks
  // of the loop, which run in run() alone.
  const Config& config_;
  Loop loop_;  // first of all that live on it
  int exit_code_;
  uint16_t port_ = 0;

  // What the workers, on their threads, share.
  Metrics metrics_;
  Gate gate_;
  FunctionState function_state_;
  Lifecycle lifecycle_;
  Health health_;
  Reaper reaper_;
  std::unique_ptr<AccessControl> access_;  // null: everybody may call
  std::unique_ptr<Traces> traces_;         // null: requests have no spans
  WarmPlan plan_;
  std::unique_ptr<StatusBoard> board_;  // null: there is no status page, as the next
  std::unique_ptr<StatusPage> page_;
  Shared shared_{config_,         metrics_, gate_,   lifecycle_, health_, reaper_,
                 function_state_, nullptr,  nullptr, nullptr,    &plan_,  nullptr};

  // How the world reaches the main loop.
  Drain drain_;
  std::unique_ptr<Signals> signals_;
  std::unique_ptr<Signals> child_signals_;
  Timer more_children_;    // ends a pause of child_signals_
  Wakeup worker_is_idle_;  // from any worker's thread

  // The function, before the workers whose modes look for its instances.
  std::unique_ptr<WarmFunction> function_;
  std::unique_ptr<FolderWatch> files_;

  // The function's port. The threads go before the worker of the main loop, with which they share
  // a balancer.
  ConnectionBalancer balancer_;
  std::unique_ptr<Worker> worker_;
  std::vector<std::unique_ptr<WorkerThread>> threads_;

  // The metrics port, on the main loop.
  ConnectionBalancer metrics_balancer_;
  const ServerContext metrics_context_{loop_, config_, metrics_};
  MetricsService metrics_service_{metrics_, function_state_, health_, drain_};
  std::unique_ptr<Server> metrics_server_;
};

}  // namespace watchdog

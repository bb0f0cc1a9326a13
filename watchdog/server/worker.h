#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "auth/access_control.h"
#include "auth/authenticator.h"
#include "base/fd.h"
#include "net/loop.h"
#include "server/function_service.h"
#include "server/health.h"
#include "server/server.h"
#include "status/status_board.h"
#include "trace/trace_settings.h"
#include "trace/tracer.h"

namespace watchdog {

class Reaper;
class WarmPlan;

// What all workers share. Owned by the Watchdog; outlives the workers.
struct Shared {
  const Config& config;
  Metrics& metrics;
  Gate& gate;
  Lifecycle& lifecycle;
  const Health& health;
  Reaper& reaper;
  FunctionState& function;
  const AccessControl* access;  // null: everybody may call
  const TraceSettings* traces;  // null: requests have no spans
  SpanQueue* spans;             // set where `traces` is
  WarmPlan* plan = nullptr;
  StatusBoard* status = nullptr;  // null: there is no status page
};

// One thread's share of the work, on one loop: a mode, and connections from the socket that all
// workers accept from. The first worker runs on the main loop; the others bring their own thread
// (WorkerThread).
class Worker {
 public:
  // Makes the mode, and accepts connections from here on. Calls `on_idle` once, on this worker's
  // loop, when the worker has become idle().
  static Result<std::unique_ptr<Worker>> start(Loop& loop, const Shared& shared, Fd socket,
                                               ConnectionBalancer& balancer,
                                               std::function<void()> on_idle);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Has the worker do what the Lifecycle's stage asks for. From any thread.
  void follow() { stage_changed_.wake(); }
  // Whether the listener is closed and no connection is left. From any thread.
  bool idle() const { return idle_; }

 private:
  Worker(Loop& loop, const Shared& shared, std::unique_ptr<Mode> mode, Fd socket,
         ConnectionBalancer& balancer, std::function<void()> on_idle);
  void do_stage();
  void note_idle();

  Loop& loop_;
  const Shared& shared_;
  std::unique_ptr<Tracer> tracer_;  // null: requests have no spans
  ServerContext context_;
  std::unique_ptr<Mode> mode_;
  std::unique_ptr<Authenticator> authenticator_;  // null: everybody may call
  std::unique_ptr<FunctionService> service_;
  std::unique_ptr<Server> server_;
  std::function<void()> on_idle_;
  Stage done_ = Stage::kServing;  // whose work has been done
  std::atomic<bool> idle_{false};
  Wakeup stage_changed_;
};

// A worker with its own loop and thread. Destroying it waits for the thread, which ends at
// Stage::kOver.
class WorkerThread {
 public:
  static Result<std::unique_ptr<WorkerThread>> start(const Shared& shared, Fd socket,
                                                     ConnectionBalancer& balancer,
                                                     std::function<void()> on_idle);
  ~WorkerThread();
  WorkerThread(const WorkerThread&) = delete;
  WorkerThread& operator=(const WorkerThread&) = delete;

  Worker& worker() { return *worker_; }

 private:
  WorkerThread() = default;

  Loop loop_;
  std::unique_ptr<Worker> worker_;
  std::thread thread_;
};

// The CPUs that this process may use, by its affinity and the cgroup's cpu.max, at most 4.
unsigned usable_cpus();
// The number of workers: `workers`, or for auto the usable CPUs. FastCGI has one, because a PHP
// process serves one connection at a time and connections cannot move between workers.
unsigned worker_count(const Config& config);

}  // namespace watchdog

#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "base/fd.h"
#include "net/loop.h"
#include "server/function_service.h"
#include "server/server.h"

namespace watchdog {

class Reaper;

// What all workers share; owned by main, outlives them.
struct Shared {
  const Config& config;
  Metrics& metrics;
  Gate& gate;
  Health& health;
  Reaper& reaper;
  FunctionState& function;
};

// One thread's share of the work: connections from the socket that all workers accept from, and a
// mode, on one loop. The first worker runs on main's loop; the others bring their own thread
// (WorkerThread).
class Worker {
 public:
  // `on_quiet` is called on this worker's loop when its last connection has gone after the listener
  // was closed.
  Worker(Loop& loop, const Shared& shared, Fd socket, ConnectionBalancer& balancer,
         std::function<void()> on_quiet);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Health's stage has moved on: do what it asks for. From any thread.
  void follow() { stage_changed_.wake(); }
  // Whether it accepts no more and has no connections left. From any thread.
  bool quiet() const { return quiet_; }

 private:
  void do_stage();
  void note_quiet();

  Loop& loop_;
  const Shared& shared_;
  ServerContext context_;
  std::unique_ptr<Mode> mode_;
  std::unique_ptr<FunctionService> service_;
  std::unique_ptr<Server> server_;
  std::function<void()> on_quiet_;
  Stage done_ = Stage::kServing;
  std::atomic<bool> quiet_{false};
  Wakeup stage_changed_;
};

// A worker with its own loop and thread. Destroying it waits for the thread, which ends at kOver.
class WorkerThread {
 public:
  WorkerThread(const Shared& shared, Fd socket, ConnectionBalancer& balancer,
               std::function<void()> on_quiet);
  ~WorkerThread();

  Worker& worker() { return *worker_; }

 private:
  Loop loop_;
  std::unique_ptr<Worker> worker_;
  std::thread thread_;
};

// How many CPUs this process may use, by affinity and by the cgroup's cpu.max, at most 4:
// workers=auto.
unsigned usable_cpus();
// How many workers there are: what `workers` says, or what pays; in mode=fastcgi the work is done
// by processes that serve a connection each, which workers could only keep from one another.
unsigned worker_count(const Config& config);

}  // namespace watchdog

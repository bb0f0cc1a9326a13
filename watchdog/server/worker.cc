#include "server/worker.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace watchdog {

Worker::Worker(Loop& loop, const Shared& shared, Fd socket, std::function<void()> on_quiet)
    : loop_(loop),
      shared_(shared),
      context_{loop, shared.config, shared.metrics},
      mode_(make_mode({loop, shared.config, shared.reaper, shared.metrics})),
      service_(std::make_unique<FunctionService>(shared.health, shared.gate, *mode_)),
      server_(std::make_unique<Server>(context_, *service_, std::move(socket))),
      on_quiet_(std::move(on_quiet)),
      stage_changed_(loop, [this] { do_stage(); }) {
  server_->on_empty([this] { note_quiet(); });
}

// Connections first: what they retire still uses the mode.
Worker::~Worker() {
  server_->on_empty(nullptr);
  const Turn turn(loop_);
  server_.reset();
}

void Worker::do_stage() {
  const Stage stage = shared_.health.stage();
  if (done_ < Stage::kClosing && stage >= Stage::kClosing) server_->stop_accepting();
  if (done_ < Stage::kStopping && stage >= Stage::kStopping) server_->shut_down();
  if (done_ < Stage::kCutting && stage >= Stage::kCutting) server_->abort();
  done_ = stage;
  note_quiet();
  if (stage == Stage::kOver) loop_.stop();
}

void Worker::note_quiet() {
  if (done_ < Stage::kClosing || server_->connections() > 0 || quiet_.exchange(true)) return;
  on_quiet_();
}

WorkerThread::WorkerThread(const Shared& shared, Fd socket, std::function<void()> on_quiet)
    : worker_(std::make_unique<Worker>(loop_, shared, std::move(socket), std::move(on_quiet))),
      thread_([this] { loop_.run(); }) {}

WorkerThread::~WorkerThread() { thread_.join(); }

namespace {

// "max 100000" or "200000 100000": microseconds of CPU a period.
double cgroup_cpus() {
  std::FILE* file = std::fopen("/sys/fs/cgroup/cpu.max", "re");
  if (file == nullptr) return HUGE_VAL;
  double quota = 0;
  double period = 0;
  const int fields = std::fscanf(file, "%lf %lf", &quota, &period);
  std::fclose(file);
  return fields == 2 && period > 0 ? quota / period : HUGE_VAL;
}

}  // namespace

unsigned usable_cpus() {
  cpu_set_t set;
  double cpus = 1;
  if (sched_getaffinity(0, sizeof set, &set) == 0) cpus = CPU_COUNT(&set);
  cpus = std::min(cpus, std::ceil(cgroup_cpus()));
  return static_cast<unsigned>(std::clamp(cpus, 1.0, 4.0));
}

}  // namespace watchdog

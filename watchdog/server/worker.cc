#include "server/worker.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "process/system.h"

namespace watchdog {

Worker::Worker(Loop& loop, const Shared& shared, Fd socket, ConnectionBalancer& balancer,
               std::function<void()> on_idle)
    : loop_(loop),
      shared_(shared),
      context_{loop, shared.config, shared.metrics},
      mode_(shared.config.mode.make(
          {loop, shared.config, shared.reaper, shared.metrics, shared.function, shared.lifecycle})),
      service_(std::make_unique<FunctionService>(context_, shared.health, shared.lifecycle,
                                                 shared.gate, *mode_)),
      server_(std::make_unique<Server>(context_, *service_, std::move(socket), balancer)),
      on_idle_(std::move(on_idle)),
      stage_changed_(loop, [this] { do_stage(); }) {
  server_->on_empty([this] { note_idle(); });
}

// Connections first: what they retire still uses the mode.
Worker::~Worker() {
  server_->on_empty(nullptr);
  const Turn turn(loop_);
  server_.reset();
}

void Worker::do_stage() {
  const Stage stage = shared_.lifecycle.stage();
  if (done_ < Stage::kClosing && stage >= Stage::kClosing) server_->stop_accepting();
  if (done_ < Stage::kStopping && stage >= Stage::kStopping) {
    server_->on_stopping();
    mode_->release_idle();
  }
  if (done_ < Stage::kAborting && stage >= Stage::kAborting) server_->abort();
  done_ = stage;
  note_idle();
  if (stage == Stage::kOver) loop_.stop();
}

void Worker::note_idle() {
  if (done_ < Stage::kClosing || server_->accepting() || server_->connections() > 0) return;
  if (idle_.exchange(true)) return;
  mode_->release_idle();
  on_idle_();
}

WorkerThread::WorkerThread(const Shared& shared, Fd socket, ConnectionBalancer& balancer,
                           std::function<void()> on_idle)
    : worker_(
          std::make_unique<Worker>(loop_, shared, std::move(socket), balancer, std::move(on_idle))),
      thread_([this, mode = shared.config.mode] {
        if (mode.is(kForks)) run_behind_children();
        loop_.run();
      }) {}

WorkerThread::~WorkerThread() {
  thread_.join();
}

namespace {

// "max 100000" or "200000 100000": microseconds of CPU a period.
double cgroup_cpus() {
  const Fd file(::open("/sys/fs/cgroup/cpu.max", O_RDONLY | O_CLOEXEC));
  char text[64] = "";
  if (!file || ::read(file.get(), text, sizeof text - 1) <= 0) return HUGE_VAL;
  char* end = nullptr;
  const auto quota = static_cast<double>(std::strtol(text, &end, 10));
  const auto period = static_cast<double>(std::strtol(end, nullptr, 10));
  return quota > 0 && period > 0 ? quota / period : HUGE_VAL;
}

}  // namespace

unsigned usable_cpus() {
  cpu_set_t set;
  double cpus = 1;
  if (sched_getaffinity(0, sizeof set, &set) == 0) cpus = CPU_COUNT(&set);
  cpus = std::min(cpus, std::ceil(cgroup_cpus()));
  return static_cast<unsigned>(std::clamp(cpus, 1.0, 4.0));
}

unsigned worker_count(const Config& config) {
  if (config.workers != 0) return config.workers;
  return config.mode.is(kSpeaksFastcgi) ? 1 : usable_cpus();
}

}  // namespace watchdog

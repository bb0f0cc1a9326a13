#include "server/worker.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "process/system.h"

namespace watchdog {

Result<std::unique_ptr<Worker>> Worker::start(Loop& loop, const Shared& shared, Fd socket,
                                              ConnectionBalancer& balancer,
                                              std::function<void()> on_idle) {
  auto mode = shared.config.mode.make({loop, shared.config, shared.reaper, shared.metrics,
                                       shared.function, shared.lifecycle, shared.plan});
  if (!mode) return Error{mode.error()};
  return std::unique_ptr<Worker>(
      new Worker(loop, shared, std::move(*mode), std::move(socket), balancer, std::move(on_idle)));
}

Worker::Worker(Loop& loop, const Shared& shared, std::unique_ptr<Mode> mode, Fd socket,
               ConnectionBalancer& balancer, std::function<void()> on_idle)
    : loop_(loop),
      shared_(shared),
      tracer_(shared.traces == nullptr
                  ? nullptr
                  : std::make_unique<Tracer>(shared.traces->sampler, *shared.spans)),
      context_{loop, shared.config, shared.metrics, tracer_.get(), shared.status},
      mode_(std::move(mode)),
      authenticator_(shared.access == nullptr ? nullptr
                                              : std::make_unique<Authenticator>(*shared.access)),
      service_(std::make_unique<FunctionService>(context_, shared.health, shared.lifecycle,
                                                 shared.gate, *mode_, authenticator_.get())),
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
  if (idle_) return;
  mode_->release_idle();
  idle_ = true;  // whoever sees it finds that what waited for requests has been abandoned
  on_idle_();
}

Result<std::unique_ptr<WorkerThread>> WorkerThread::start(const Shared& shared, Fd socket,
                                                          ConnectionBalancer& balancer,
                                                          std::function<void()> on_idle) {
  std::unique_ptr<WorkerThread> thread(new WorkerThread());
  auto worker =
      Worker::start(thread->loop_, shared, std::move(socket), balancer, std::move(on_idle));
  if (!worker) return Error{worker.error()};
  thread->worker_ = std::move(*worker);
  thread->thread_ = std::thread([&loop = thread->loop_, mode = shared.config.mode] {
    if (mode.is(kForks)) run_behind_children();
    loop.run();
  });
  return thread;
}

WorkerThread::~WorkerThread() {
  if (thread_.joinable()) thread_.join();
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

#include "server/watchdog.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/exit_code.h"
#include "base/log.h"
#include "config/trace_config.h"
#include "net/keepalive.h"
#include "process/system.h"
#include "server/access_policy.h"
#include "server/announcement.h"

namespace watchdog {

namespace {

// Who asks for health or metrics is answered even when every other descriptor is in use.
constexpr size_t kMetricsSpares = 4;

}  // namespace

Watchdog::Watchdog(const Config& config)
    : config_(config),
      exit_code_(kExitClean),
      gate_(config.max_inflight, config.max_queue),
      health_(config, function_state_, lifecycle_),
      reaper_(loop_),
      drain_(loop_, config, lifecycle_, metrics_, reaper_, *this),
      more_children_(loop_, [this] { child_signals_->resume(); }),
      worker_is_idle_(loop_, [this] { drain_.check(); }) {}

// The threads are waited for, and end at Stage::kOver.
Watchdog::~Watchdog() {
  if (lifecycle_.advance(Stage::kOver)) on_stage();
}

std::optional<Watchdog::StartFailure> Watchdog::start() {
  if (auto error = watch_signals()) return StartFailure{kExitInternal, std::move(*error)};
  if (auto error = control_access()) return StartFailure{kExitUsage, std::move(*error)};
  trace_requests();
  auto socket = listen_on(config_.port);
  if (!socket) return StartFailure{kExitUnavailable, socket.error()};
  port_ = bound_port(socket->get());
  Fd metrics_socket = bind_metrics_port();
  if (metrics_socket) show_status();
  if (auto error = prepare_function()) return StartFailure{kExitUsage, std::move(*error)};
  if (auto error = add_workers(std::move(*socket))) {
    return StartFailure{kExitUnavailable, std::move(*error)};
  }
  if (metrics_socket) {
    metrics_server_ =
        std::make_unique<Server>(metrics_context_, metrics_service_, std::move(metrics_socket),
                                 metrics_balancer_, kMetricsSpares);
  }
  lifecycle_.advance(Stage::kServing);
  health_.update();
  announce(config_, port_, metrics_server_ != nullptr, page_ != nullptr);
  if (config_.mode.is(kForks)) run_behind_children();
  if (function_) function_->start();
  return std::nullopt;
}

int Watchdog::run() {
  unmap_code_of_the_start();
  loop_.run();
  log::flush_all(std::chrono::seconds(1));
  return exit_code_;
}

std::optional<std::string> Watchdog::watch_signals() {
  auto signals =
      Signals::watch(loop_, {SIGTERM, SIGQUIT, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH},
                     [this](int signal) { on_signal(signal); });
  if (!signals) return signals.error();
  signals_ = std::move(*signals);
  auto children = Signals::watch(loop_, {SIGCHLD}, [this](int) { on_child_signal(); });
  if (!children) return children.error();
  child_signals_ = std::move(*children);
  if (::getpid() != 1) ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  return std::nullopt;
}

void Watchdog::on_signal(int signal) {
  switch (signal) {
    case SIGTERM:
    case SIGQUIT:
      return drain_.on_terminate();
    case SIGINT:
      return drain_.on_interrupt();
    default:
      if (function_) function_->forward(signal);
  }
}

void Watchdog::on_child_signal() {
  const Duration rest = reaper_.on_child_signal();
  if (rest == Duration::zero()) return;
  child_signals_->pause();
  more_children_.set_after(rest);
}

std::optional<std::string> Watchdog::control_access() {
  auto policy = access_policy(config_);
  if (!policy) return policy.error();
  if (policy->open_to_all()) return std::nullopt;
  access_ = std::make_unique<AccessControl>(loop_, std::move(*policy));
  shared_.access = access_.get();
  return std::nullopt;
}

void Watchdog::trace_requests() {
  if (!has_traces(config_)) return;
  traces_ = std::make_unique<Traces>(loop_, config_, function_state_, metrics_.spans_dropped);
  shared_.traces = &traces_->settings();
  shared_.spans = &traces_->queue();
}

// The log goes to standard error, and says where the page is: somebody must see that.
StatusViewers Watchdog::viewers() const {
  const bool on_terminal = ::isatty(STDOUT_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1;
  return status_viewers(config_, on_terminal && !in_container());
}

void Watchdog::show_status() {
  const StatusViewers viewers = this->viewers();
  if (viewers == StatusViewers::kNobody) return;
  board_ = std::make_unique<StatusBoard>();
  shared_.status = board_.get();
  page_ = std::make_unique<StatusPage>(StatusSubject{config_, *board_, function_state_}, viewers,
                                       loop_, gate_, health_, lifecycle_);
  metrics_service_.add(*page_);
}

std::optional<std::string> Watchdog::prepare_function() {
  if (config_.mode.is(kForks) && !config_.watch.empty()) return watch_files();
  if (!config_.mode.is(kKeepsWarm)) return std::nullopt;
  function_ = std::make_unique<WarmFunction>(loop_, reaper_, config_, function_state_,
                                             static_cast<WarmFunction::Owner&>(*this));
  if (board_) {
    function_->on_instance([this](Instance& instance) {
      instance.output = board_->new_output();
      instance.copy_errors = board_->line_copy(instance.output);
    });
  }
  if (auto problem = function_->prepare()) return problem;
  return config_.watch.empty() || config_.command.empty() ? std::nullopt : watch_files();
}

std::optional<std::string> Watchdog::watch_files() {
  auto watch = FolderWatch::open(loop_, config_.watch,
                                 [this](const std::string& file) { on_file_changed(file); });
  if (!watch) return watch.error();
  files_ = std::move(*watch);
  return std::nullopt;
}

void Watchdog::on_file_changed(const std::string& file) {
  if (lifecycle_.stage() != Stage::kServing) return;
  const bool ahead = config_.mode.is(kStartsAhead) && config_.warm_start != WarmStart::kOff;
  const std::string_view follows = function_ ? "starting the function again"
                                   : ahead   ? "starting again what waits for requests"
                                             : "the next request finds it as it is";
  log::event(log::Level::kInfo, "file_changed", fmt::format("{} changed: {}", file, follows),
             {{"path", file}});
  function_ ? function_->replace() : plan_.renew();
}

// All sockets first: a thread that runs is not to be given up again.
std::optional<std::string> Watchdog::add_workers(Fd socket) {
  std::vector<Fd> sockets;
  for (size_t i = 1; i < worker_count(config_); ++i) {
    sockets.push_back(socket.duplicate());
    if (!sockets.back()) return fmt::format("cannot start a worker: {}", strerror(errno));
  }
  sockets.push_back(std::move(socket));
  const auto on_idle = [this] { worker_is_idle_.wake(); };
  auto worker = Worker::start(loop_, shared_, std::move(sockets[0]), balancer_, on_idle);
  if (!worker) return worker.error();
  worker_ = std::move(*worker);
  for (size_t i = 1; i < sockets.size(); ++i) {
    auto thread = WorkerThread::start(shared_, std::move(sockets[i]), balancer_, on_idle);
    if (!thread) return thread.error();
    threads_.push_back(std::move(*thread));
  }
  return std::nullopt;
}

Fd Watchdog::bind_metrics_port() const {
  if (config_.metrics_port == 0) return {};
  auto socket = listen_on(config_.metrics_port);
  if (socket) return std::move(*socket);
  log::event(
      log::Level::kWarning, "no_metrics",
      fmt::format("no metrics{}: {} (set metrics_port to a free one, or to 0)",
                  viewers() == StatusViewers::kNobody ? "" : " and no status page", socket.error()),
      {{"port", config_.metrics_port}, {"cause", socket.error()}});
  return {};
}

Result<Fd> Watchdog::listen_on(uint16_t port) const {
  auto socket = Listener::bind(config_.listen_address, port);
  if (socket) {
    limit_unacknowledged(socket->get(),
                         std::max<Duration>(kUnreachableLimit, config_.write_timeout));
  }
  return socket;
}

void Watchdog::on_function_state() {
  health_.update();
  if (traces_) traces_->on_function_state();
  metrics_.restarts = function_->restarts();
}

void Watchdog::on_function_end(int exit_code) {
  if (lifecycle_.stage() < Stage::kClosing) exit_code_ = exit_code;
  drain_.on_function_gone();
}

void Watchdog::on_stage() {
  health_.update();
  if (worker_) worker_->follow();
  for (const auto& thread : threads_) thread->worker().follow();
  if (traces_ && lifecycle_.stage() == Stage::kOver) traces_->drop_rest();
}

bool Watchdog::idle() const {
  return worker_->idle() &&
         std::ranges::all_of(threads_, [](const auto& thread) { return thread->worker().idle(); });
}

void Watchdog::stop_function() {
  if (function_) function_->stop();
}

void Watchdog::abandon_function() {
  if (function_) function_->abandon();
}

}  // namespace watchdog

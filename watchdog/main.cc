#include <fmt/format.h>
#include <netdb.h>
#include <nss.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "base/exit_code.h"
#include "base/log.h"
#include "base/text.h"
#include "base/version.h"
#include "config/command_line.h"
#include "config/config_reader.h"
#include "config/misspelling.h"
#include "config/options.h"
#include "function/warm_function.h"
#include "net/folder_watch.h"
#include "net/keepalive.h"
#include "net/signals.h"
#include "process/command.h"
#include "process/reaper.h"
#include "process/system.h"
#include "server/drain.h"
#include "server/healthcheck.h"
#include "server/mode.h"
#include "server/worker.h"

namespace watchdog {

namespace {

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

int refuse(int code, const std::vector<std::string>& reasons) {
  for (const std::string& reason : reasons) std::fprintf(stderr, "fwatchdog: %s\n", reason.c_str());
  return code;
}

// The function's whole life, once the configuration is known to be good.
class Watchdog final : private WarmFunction::Owner {
 public:
  explicit Watchdog(const Config& config)
      : config_(config),
        gate_(config.max_inflight, config.max_queue),
        health_(config, function_state_),
        reaper_(loop_),
        quiet_(loop_, [this] { drain_->check(); }),
        more_children_(loop_, [this] { child_signals_->resume(); }) {}

  int run() {
    if (const auto error = watch_signals()) return refuse(kExitInternal, {*error});
    if (const auto error = prepare_function()) return refuse(kExitUsage, {*error});
    if (const auto error = open_ports()) return refuse(kExitUnavailable, {*error});
    health_.start_serving();
    announce();
    if (config_.mode.is(kForks)) run_behind_children();
    if (function_) function_->start();
    loop_.run();
    log::flush_all(std::chrono::seconds(1));
    return exit_code_;
  }

 private:
  std::optional<std::string> watch_signals() {
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

  // Prepares the warm process, where the mode has one.
  std::optional<std::string> prepare_function() {
    if (!config_.mode.is(kKeepsWarm)) return std::nullopt;
    function_ = std::make_unique<WarmFunction>(loop_, reaper_, config_, function_state_,
                                               static_cast<WarmFunction::Owner&>(*this));
    if (auto problem = function_->prepare()) return problem;
    return config_.watch.empty() || config_.command.empty() ? std::nullopt : watch_files();
  }

  std::optional<std::string> watch_files() {
    auto watch = FolderWatch::open(loop_, config_.watch, [this] {
      if (health_.stage() != Stage::kServing) return;
      log::info("Files below {} have changed: starting the function again", config_.watch);
      function_->replace();
    });
    if (!watch) return watch.error();
    files_ = std::move(*watch);
    return std::nullopt;
  }

  void on_function_state() override {
    health_.on_function_state();
    metrics_.restarts = function_->restarts();
  }

  void on_function_end(int exit_code) override {
    if (health_.stage() < Stage::kClosing) exit_code_ = exit_code;
    drain_->on_function_gone();
  }

  bool is_stopping() const override { return health_.stopping(); }

  std::optional<std::string> open_ports() {
    auto socket = listen_on(config_.port);
    if (!socket) return socket.error();
    port_ = bound_port(socket->get());
    const auto on_quiet = [this] { quiet_.wake(); };
    std::vector<Fd> sockets;
    for (size_t i = 1; i < workers_; ++i) {
      sockets.push_back(socket->duplicate());
      if (!sockets.back()) return fmt::format("cannot start a worker: {}", strerror(errno));
    }
    sockets.push_back(std::move(*socket));
    worker_ = std::make_unique<Worker>(loop_, shared_, std::move(sockets[0]), balancer_, on_quiet);
    std::vector<Worker*> all{worker_.get()};
    for (size_t i = 1; i < workers_; ++i) {
      threads_.push_back(
          std::make_unique<WorkerThread>(shared_, std::move(sockets[i]), balancer_, on_quiet));
      all.push_back(&threads_.back()->worker());
    }
    drain_ = std::make_unique<Drain>(loop_, shared_, std::move(all), function_.get());
    open_metrics_port();
    return std::nullopt;
  }

  Result<Fd> listen_on(uint16_t port) const {
    auto socket = Listener::bind(config_.listen_address, port);
    if (socket) {
      limit_unacknowledged(socket->get(),
                           std::max<Duration>(kUnreachableLimit, config_.write_timeout));
    }
    return socket;
  }

  // Who asks for health or metrics is answered even when every other descriptor is in use.
  static constexpr size_t kMetricsSpares = 4;

  void open_metrics_port() {
    if (config_.metrics_port == 0) return;
    auto socket = listen_on(config_.metrics_port);
    if (!socket) {
      log::warn("no metrics: {} (set metrics_port to a free one, or to 0)", socket.error());
      return;
    }
    metrics_server_ = std::make_unique<Server>(
        metrics_context_, metrics_service_, std::move(*socket), metrics_balancer_, kMetricsSpares);
  }

  void announce() {
    std::string command;
    for (const std::string& word : config_.command) {
      command += command.empty() ? word : " " + word;
    }
    const bool files = config_.mode.is(kServesSite);
    log::info("fwatchdog {} mode: {} {}: {}{}{}", kVersion, config_.mode.name,
              files ? "static_path" : "fprocess", files ? config_.static_path : command,
              function_ ? " upstream: " : "", function_ ? config_.upstream_url : "");
    log::info("Timeouts: read: {} write: {} exec: {} idle: {} shutdown: {}",
              format_duration(config_.read_timeout), format_duration(config_.write_timeout),
              format_duration(config_.exec_timeout), format_duration(config_.idle_timeout),
              format_duration(config_.shutdown_timeout));
    if (config_.mode.is(kForks)) {
      const auto problem = Command(config_.command).problem();
      if (problem) {
        log::warn("{}; until it can be run requests are answered with 500", *problem);
      }
    }
    if (metrics_server_) log::info("Metrics on port: {}", config_.metrics_port);
    log::info("Listening on port: {}", port_);
  }

  void on_signal(int signal) {
    switch (signal) {
      case SIGTERM:
      case SIGQUIT:
        return drain_->on_terminate();
      case SIGINT:
        return drain_->on_interrupt();
      default:
        if (function_) function_->forward(signal);
    }
  }

  void on_child_signal() {
    const Duration rest = reaper_.on_child_signal();
    if (rest == Duration::zero()) return;
    child_signals_->pause();
    more_children_.set_after(rest);
  }

  const Config& config_;
  Loop loop_;
  Metrics metrics_;
  Gate gate_;
  FunctionState function_state_;
  Health health_;
  Reaper reaper_;
  const Shared shared_{config_, metrics_, gate_, health_, reaper_, function_state_};
  int exit_code_ = kExitClean;
  Wakeup quiet_;
  Timer more_children_;
  std::unique_ptr<Signals> signals_;
  std::unique_ptr<Signals> child_signals_;
  uint16_t port_ = 0;
  const size_t workers_ = worker_count(config_);
  ConnectionBalancer balancer_;
  ConnectionBalancer metrics_balancer_;
  std::unique_ptr<WarmFunction> function_;
  std::unique_ptr<FolderWatch> files_;
  std::unique_ptr<Worker> worker_;
  std::vector<std::unique_ptr<WorkerThread>> threads_;
  std::unique_ptr<Drain> drain_;
  const ServerContext metrics_context_{loop_, config_, metrics_};
  MetricsService metrics_service_{metrics_, health_};
  std::unique_ptr<Server> metrics_server_;
};

int serve(const ConfigOutcome& outcome) {
  log::configure({outcome.config.log_format, outcome.config.prefix_logs});
  for (const std::string& warning : outcome.warnings) log::warn("{}", warning);
  return Watchdog(outcome.config).run();
}

int run(int argc, char** argv) {
  secure_descriptors();
  raise_descriptor_limit();
  block_signals();
  // A static glibc dies when a container's nsswitch.conf names modules that it would have to load.
  __nss_configure_lookup("hosts", "files dns");

  using Action = CommandLine::Action;
  const CommandLine line = parse_command_line(argc, argv);
  switch (line.action) {
    case Action::kHelp:
      print(line.text);
      return kExitClean;
    case Action::kShowVersion:
      print(fmt::format("fwatchdog {}\n", kVersion));
      return kExitClean;
    case Action::kRefuse:
      return refuse(kExitUsage, line.errors);
    case Action::kHealthcheck:
    case Action::kCheckConfig:
    case Action::kServe:
      break;
  }
  ConfigOutcome outcome = read_config(line.settings, line.command);
  if (line.action == Action::kHealthcheck) {
    return run_healthcheck(outcome.config) ? kExitClean : kExitUnhealthy;
  }
  std::vector<std::string> misspelled = misspelling_warnings(environ);
  // A variable that is missing may be there under a wrong name.
  auto& complaints = outcome.errors.empty() ? outcome.warnings : outcome.errors;
  complaints.insert(complaints.end(), misspelled.begin(), misspelled.end());
  if (!outcome.errors.empty()) return refuse(kExitUsage, outcome.errors);
  if (auto problem = problem_of_mode(outcome.config)) {
    misspelled.insert(misspelled.begin(), std::move(*problem));
    return refuse(kExitUsage, misspelled);
  }
  if (line.action == Action::kCheckConfig) {
    for (const std::string& warning : outcome.warnings) {
      std::fprintf(stderr, "fwatchdog: warning: %s\n", warning.c_str());
    }
    print(describe(outcome.config));
    return kExitClean;
  }
  return serve(outcome);
}

}  // namespace

}  // namespace watchdog

int main(int argc, char** argv) {
  return watchdog::run(argc, argv);
}

#include "function/warm_function.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "config/upstream_url.h"
#include "function/upstream_probe.h"
#include "net/listener.h"

namespace watchdog {

namespace {

// These are below the ports that the system gives to clients, as one of those could sit on the port
// of an instance that is being started again.
constexpr uint16_t kFirstPort = 20'000;
constexpr uint16_t kLastPort = 32'000;

constexpr auto kIdleCheck = std::chrono::milliseconds(5);

// Returns a port that nobody listens on; 0 when there is none. It is chosen at random, as other
// watchdogs of this machine may be looking for theirs.
uint16_t free_port() {
  constexpr int kMostTries = 1000;
  for (int tries = 0; tries < kMostTries; ++tries) {
    uint16_t random = 0;
    if (::getrandom(&random, sizeof random, 0) != sizeof random) return 0;
    const auto port = static_cast<uint16_t>(kFirstPort + random % (kLastPort - kFirstPort));
    if (Listener::is_free("127.0.0.1", port)) return port;
  }
  return 0;
}

}  // namespace

// Keeps one instance's process running, and its Instance up to date. Owned by the WarmFunction,
// used on main's loop.
class WarmFunction::Process final : private Supervisor::Owner {
 public:
  Process(WarmFunction& function, Instance& instance)
      : function_(function), instance_(instance), idle_(function.loop_, [this] { replace(); }) {
    const Config& config = function.config_;
    auto probe = std::make_unique<UpstreamProbe>(function.loop_, instance.addresses, instance.url,
                                                 instance.authority, config.ready_path);
    probe->defer_refusals();
    Supervisor::Plan plan{.command = config.command,
                          .restart = config.restart,
                          .startup_timeout = config.startup_timeout,
                          .stop_signal = config.stop_signal,
                          .stop_timeout = stop_timeout(config),
                          .log_line_limit = config.log_line_limit,
                          .copy_errors = instance.copy_errors,
                          .scope = config.instances == 1 ? Remains::Scope::kAllDescendants
                                                         : Remains::Scope::kSession};
    // php-cgi would end after 500 requests.
    constexpr const char* kMostRequests = "PHP_FCGI_MAX_REQUESTS";
    if (config.mode.is(kSpeaksFastcgi) && std::getenv(kMostRequests) == nullptr) {
      plan.environment.push_back(fmt::format("{}=0", kMostRequests));
    }
    if (instance.port != 0) {
      for (std::string& word : plan.command) word = with_port(word, instance.port);
    }
    // Servers listen on PORT where it is set; the container's is ours (Knative), not theirs.
    const uint16_t port = instance.port != 0 ? instance.port : instance.upstream.port;
    if (!instance.upstream.host.empty()) plan.environment.push_back(fmt::format("PORT={}", port));
    supervisor_ =
        std::make_unique<Supervisor>(function.loop_, function.reaper_, std::move(plan),
                                     std::move(probe), static_cast<Supervisor::Owner&>(*this));
  }

  Supervisor& supervisor() { return *supervisor_; }
  const Supervisor& supervisor() const { return *supervisor_; }

  // Starts it again when its requests in flight are over, or stop_timeout is. New requests wait.
  void replace() {
    const Instant now = function_.loop_.now();
    if (instance_.ready()) {
      function_.state_.set(instance_, Instance::State::kComing);
      replace_by_ = now + stop_timeout(function_.config_);
    }
    if (instance_.in_flight == 0 || now >= replace_by_) return supervisor_->replace();
    idle_.set_after(kIdleCheck);
  }

  void stop() {
    idle_.clear();
    supervisor_->stop();
  }

  void abandon() {
    idle_.clear();
    supervisor_->abandon();
  }

  // Logs when the instance begins or ceases to hang, and starts one that hangs again where
  // `restart` allows it.
  void check_hanging() {
    if (supervisor_->over()) return;
    const bool hangs = instance_.hung();
    if (std::exchange(hung_, hangs) == hangs) return;
    const Config& config = function_.config_;
    if (!hangs) {
      log::event(log::Level::kInfo, "function_answers", "The function answers again",
                 {{"url", instance_.url}});
      return;
    }
    const bool again = config.restart != Restart::kNo;
    log::event(
        log::Level::kError, "function_hangs",
        fmt::format("the function has let {} requests in a row run into exec_timeout: unready{}",
                    config.hung_after,
                    again ? ", starting it again"
                          : " until it answers (restart=on-failure would start it again)"),
        {{"url", instance_.url}, {"requests", static_cast<int64_t>(config.hung_after)}});
    if (!again) return;
    function_.state_.forget_timeouts(instance_);
    hung_ = false;
    supervisor_->replace();
  }

 private:
  void on_supervised_state(Supervisor::State state) override {
    instance_.pid = supervisor_ ? supervisor_->pid() : 0;
    const std::string why = supervisor_ ? supervisor_->end_reason() : std::string();
    const bool over = state == Supervisor::State::kOver;
    if (state == Supervisor::State::kStopping || (over && why.empty())) {
      instance_.asked_to_end = true;
    }
    instance_.ended_well = supervisor_ && supervisor_->ended_well();
    function_.state_.set(instance_, value_of(state), why);
    if (state == Supervisor::State::kReady && supervisor_->pid() != 0) {
      function_.owner_.on_function_ready(supervisor_->ready_after());
    }
    function_.owner_.on_function_state();
  }

  void on_supervised_end(int exit_code) override {
    const bool stopping = is_stopping();
    if (!function_.config_.watch.empty() && !stopping) {
      log::event(log::Level::kInfo, "waiting_for_change",
                 fmt::format("Waiting for a change below {} to start the function again",
                             function_.config_.watch),
                 {{"path", function_.config_.watch}});
      return;
    }
    if (function_.over()) return function_.owner_.on_function_end(exit_code);
    if (stopping) return;
    log::event(log::Level::kWarning, "instance_lost",
               fmt::format("the others go on without the instance at {}", instance_.url),
               {{"url", instance_.url}});
  }

  bool is_stopping() const override { return function_.owner_.is_stopping(); }

  static Instance::State value_of(Supervisor::State state) {
    using Value = Instance::State;
    switch (state) {
      case Supervisor::State::kReady:
      case Supervisor::State::kStopping:  // it may still respond to what is in flight
        return Value::kReady;
      case Supervisor::State::kStarting:
      case Supervisor::State::kClearing:
      case Supervisor::State::kWaiting:
      case Supervisor::State::kReplacing:
        return Value::kComing;
      case Supervisor::State::kOver:
        break;
    }
    return Value::kGone;
  }

  WarmFunction& function_;
  Instance& instance_;
  std::unique_ptr<Supervisor> supervisor_;
  bool hung_ = false;
  Timer idle_;  // until replace() looks again whether it is idle
  Instant replace_by_{};
};

WarmFunction::WarmFunction(Loop& loop, Reaper& reaper, const Config& config, FunctionState& state,
                           Owner& owner)
    : loop_(loop),
      reaper_(reaper),
      config_(config),
      state_(state),
      owner_(owner),
      hanging_(loop, [this] { on_hanging_changed(); }) {
  state_.on_hanging([this] { hanging_.wake(); });
}

WarmFunction::~WarmFunction() = default;

std::optional<std::string> WarmFunction::prepare() {
  const bool own_ports = has_port_placeholder(config_.upstream_url);
  std::set<uint16_t> ports;
  while (own_ports && ports.size() < config_.instances) {
    const uint16_t port = free_port();
    if (port == 0) return fmt::format("there are no {} free ports", config_.instances);
    ports.insert(port);
  }
  if (!own_ports) return add_instance(0);
  for (const uint16_t port : ports) {
    if (auto problem = add_instance(port)) return problem;
  }
  return std::nullopt;
}

std::optional<std::string> WarmFunction::add_instance(uint16_t port) {
  const std::string address =
      port == 0 ? config_.upstream_url : with_port(config_.upstream_url, port);
  auto upstream = parse_upstream_url(address);
  if (!upstream) return upstream.error();
  auto addresses = upstream->addresses();
  if (!addresses) return fmt::format("upstream_url: {}", addresses.error());
  Instance& instance = state_.add_instance();
  instance.url = address;
  instance.authority = upstream->authority();
  instance.upstream = std::move(*upstream);
  instance.addresses = std::move(*addresses);
  instance.port = port;
  instance.most_timeouts = config_.hung_after;
  if (on_instance_) on_instance_(instance);
  processes_.emplace_back(*this, instance);
  return std::nullopt;
}

void WarmFunction::start() {
  for (Process& process : processes_) process.supervisor().start();
}

void WarmFunction::stop() {
  for (Process& process : processes_) process.stop();
}

void WarmFunction::abandon() {
  for (Process& process : processes_) process.abandon();
}

void WarmFunction::replace() {
  for (Process& process : processes_) process.replace();
}

void WarmFunction::forward(int signal) {
  for (Process& process : processes_) process.supervisor().forward(signal);
}

bool WarmFunction::over() const {
  return std::all_of(processes_.begin(), processes_.end(),
                     [](const Process& process) { return process.supervisor().over(); });
}

uint64_t WarmFunction::restarts() const {
  uint64_t count = 0;
  for (const Process& process : processes_) count += process.supervisor().restarts();
  return count;
}

void WarmFunction::on_hanging_changed() {
  for (Process& process : processes_) process.check_hanging();
  owner_.on_function_state();
}

}  // namespace watchdog

#include "process/remains.h"

#include <csignal>
#include <utility>

#include "base/log.h"

namespace watchdog {

Remains::Remains(Loop& loop, System& system, std::function<void()> on_gone)
    : loop_(loop), system_(system), on_gone_(std::move(on_gone)), look_(loop, [this] { look(); }) {}

void Remains::end(pid_t leader, Scope scope, int signal, Duration grace) {
  leader_ = leader;
  scope_ = scope;
  signal_ = signal;
  kill_at_ = loop_.now() + grace;
  asked_ = false;
  look_.set_after(Duration::zero());
}

std::vector<pid_t> Remains::running() const {
  return scope_ == Scope::kAllDescendants ? system_.descendants() : system_.session_of(leader_);
}

void Remains::signal_all(const std::vector<pid_t>& pids, int signal) {
  for (const pid_t pid : pids) {
    system_.kill(pid, signal);
    if (signal != SIGKILL) system_.kill(pid, SIGCONT);  // a stopped process would not see it
  }
}

void Remains::look() {
  const std::vector<pid_t> left = running();
  const Instant now = loop_.now();
  if (left.empty()) return on_gone_();
  if (now >= kill_at_ + kMostWait) {
    log::event(log::Level::kWarning, "left_behind",
               fmt::format("cannot kill what the function left behind; processes: {}", left.size()),
               {{"stage", "killed"}, {"processes", static_cast<int64_t>(left.size())}});
    return on_gone_();
  }
  if (!std::exchange(asked_, true)) {
    log::event(log::Level::kInfo, "left_behind",
               fmt::format("The function's process left others behind that still run: asking them "
                           "to end ({})",
                           left.size()),
               {{"stage", "asked"}, {"processes", static_cast<int64_t>(left.size())}});
    signal_all(left, signal_);
  }
  if (now >= kill_at_) signal_all(left, SIGKILL);
  look_.set_after(kLookInterval);
}

}  // namespace watchdog

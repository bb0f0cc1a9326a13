#include "process/reaper.h"

#include <algorithm>
#include <csignal>
#include <set>

#include "base/log.h"
#include "process/child.h"

namespace watchdog {

Reaper::Reaper(Loop& loop, System& system)
    : loop_(loop),
      system_(system),
      look_(loop, [this] { check_abandoned(); }),
      wakeup_(loop, [this] {
        take_newly_abandoned();
        reap_orphans();
      }) {}

Reaper::SpawnGuard::~SpawnGuard() {
  if (--reaper_.spawning_ == 0 && reaper_.blocked_) reaper_.wakeup_.wake();
}

Duration Reaper::on_child_signal() {
  bool somebody_waits = false;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [pid, child] : children_) {
      if (child == nullptr || !child->sigchld_) continue;
      child->sigchld_->wake();
      somebody_waits = true;
    }
  }
  reap_orphans();
  return somebody_waits ? Duration::zero() : kBatchInterval;
}

void Reaper::add(Child& child) {
  const std::lock_guard lock(mutex_);
  children_.emplace(child.pid(), &child);
}

void Reaper::remove(pid_t pid) {
  {
    const std::lock_guard lock(mutex_);
    children_.erase(pid);
  }
  if (blocked_) wakeup_.wake();
}

void Reaper::abandon(Child& child) {
  system_.kill(-child.pid(), SIGTERM);
  // A stopped process would not see it.
  system_.kill(-child.pid(), SIGCONT);
  ++abandoned_count_;
  {
    const std::lock_guard lock(mutex_);
    children_[child.pid()] = nullptr;
    newly_abandoned_.push_back(child.pid());
  }
  wakeup_.wake();
}

void Reaper::reap_orphans() {
  blocked_ = false;
  while (const pid_t pid = system_.any_exited()) {
    if (!reap_unless_ours(pid)) {
      // Whoever waits for it may have reaped it between our look and this store; look once more.
      if (blocked_.exchange(true)) return;
      continue;
    }
    blocked_ = false;
  }
  blocked_ = false;
}

bool Reaper::reap_unless_ours(pid_t pid) {
  const std::lock_guard lock(mutex_);
  // In this order: a process that exists while nothing is being spawned has been registered, if
  // ever it will be.
  if (spawning_ > 0 || children_.contains(pid)) return false;
  int status = 0;
  if (system_.reap(pid, &status) == pid && keeps_orphans_) keep(pid, status);
  return true;
}

void Reaper::keep(pid_t pid, int status) {
  const Instant now = loop_.now();
  if (orphans_.size() >= most_orphans_) {
    std::erase_if(orphans_, [now](const auto& entry) { return entry.second.until < now; });
    most_orphans_ = std::max<size_t>(64, 2 * orphans_.size());
  }
  orphans_[pid] = {status, now + kKept};
}

std::optional<int> Reaper::take_orphan(pid_t pid) {
  const std::lock_guard lock(mutex_);
  const auto found = orphans_.find(pid);
  if (found == orphans_.end()) return std::nullopt;
  const Orphan orphan = found->second;
  orphans_.erase(found);
  return loop_.now() <= orphan.until ? std::optional(orphan.status) : std::nullopt;
}

void Reaper::take_newly_abandoned() {
  std::vector<pid_t> pids;
  {
    const std::lock_guard lock(mutex_);
    pids.swap(newly_abandoned_);
  }
  const Instant kill_at = loop_.now() + kGrace;
  for (const pid_t pid : pids) abandoned_.push_back({pid, kill_at});
  if (!abandoned_.empty() && !look_.armed()) look_.set_after(kLookInterval);
}

void Reaper::kill_abandoned() {
  kill_now_ = true;
  take_newly_abandoned();
  check_abandoned();
}

bool Reaper::end_descendants(Duration grace) {
  const std::vector<pid_t> running = system_.descendants();
  if (running.empty()) return true;
  if (!asked_to_end_) {
    log::event(log::Level::kInfo, "left_behind",
               fmt::format("Stopping: asking what the function left behind to end; processes: {}",
                           running.size()),
               {{"stage", "stopping"}, {"processes", static_cast<int64_t>(running.size())}});
    asked_to_end_ = loop_.now();
    for (const pid_t pid : running) {
      system_.kill(pid, SIGTERM);
      system_.kill(pid, SIGCONT);
    }
  }
  // Until then what they start in order to clean up may do its work.
  if (kill_now_ || loop_.now() >= *asked_to_end_ + grace) {
    for (const pid_t pid : running) system_.kill(pid, SIGKILL);
  }
  return false;
}

// One look at all processes serves all burials, and looks take a twentieth of the time at most,
// however many processes there are.
void Reaper::check_abandoned() {
  const Instant now = loop_.now();
  std::optional<std::set<pid_t>> live;
  const auto is_live = [&](pid_t group) {
    if (!live) live = system_.live_groups();
    return live->contains(group);
  };
  const size_t before = abandoned_.size();
  std::erase_if(abandoned_, [&](Abandoned& group) { return over(group, now, is_live); });
  abandoned_count_ -= static_cast<int>(before - abandoned_.size());
  if (abandoned_.empty()) return;
  const Duration taken = loop_.now() - now;
  look_.set_after(std::max<Duration>(kLookInterval, 20 * taken));
}

// Whether the leader has been reaped and nothing of its group is left running.
bool Reaper::over(Abandoned& group, Instant now, const std::function<bool(pid_t)>& is_live) {
  if (!group.killed && (kill_now_ || now >= group.kill_at)) {
    system_.kill(-group.pid, SIGKILL);
    group.killed = true;
  }
  if (!system_.exited(group.pid)) return false;
  if (!group.killed && is_live(group.pid)) return false;
  int status = 0;
  system_.reap(group.pid, &status);
  remove(group.pid);
  return true;
}

}  // namespace watchdog

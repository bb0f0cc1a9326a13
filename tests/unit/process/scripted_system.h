#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "process/system.h"

namespace watchdog {

// A kernel that does as the test says. It has no pidfds, so that nothing but the Reaper watches.
class ScriptedSystem final : public System {
 public:
  std::map<pid_t, int> zombies;  // exited, not reaped: pid and wait status
  std::set<pid_t> running_groups;
  std::vector<pid_t> running_descendants;
  std::map<pid_t, std::vector<pid_t>> running_sessions;  // by leader
  std::vector<std::pair<pid_t, int>> signals;
  std::vector<pid_t> reaped;
  pid_t next_pid = 100;
  uint64_t memory_kill_count = 0;
  int looks = 0;  // how often all processes were looked at

  Started spawn(const Program&) override { return {next_pid++, -1, 0}; }
  std::set<pid_t> strangers;  // that are no children of ours
  bool is_child(pid_t pid) override {
    return !strangers.contains(pid) && std::ranges::find(reaped, pid) == reaped.end();
  }
  int watch(pid_t) override { return -1; }
  void kill(pid_t pid, int signal) override { signals.emplace_back(pid, signal); }
  pid_t reap(pid_t pid, int* status) override {
    const auto zombie = zombies.find(pid);
    if (zombie == zombies.end()) return 0;
    *status = zombie->second;
    zombies.erase(zombie);
    reaped.push_back(pid);
    return pid;
  }
  bool exited(pid_t pid) override { return zombies.contains(pid); }
  pid_t any_exited() override { return zombies.empty() ? 0 : zombies.begin()->first; }
  std::set<pid_t> live_groups() override {
    ++looks;
    return running_groups;
  }
  std::vector<pid_t> descendants() override { return running_descendants; }
  std::vector<pid_t> session_of(pid_t leader) override { return running_sessions[leader]; }
  uint64_t memory_kills() override { return memory_kill_count; }

  bool sent(pid_t pid, int signal) const {
    return std::find(signals.begin(), signals.end(), std::pair(pid, signal)) != signals.end();
  }
};

}  // namespace watchdog

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "function/function_state.h"
#include "status/status_board.h"
#include "status/status_text.h"

namespace watchdog {

// What the status page says, as a page or as JSON. Secrets are masked, and what requests and
// functions say has no control characters; nothing else is escaped.
struct StatusReport {
  struct InstanceRow {
    std::string url;
    std::string_view state;  // "ready", "starting", "hung" or "gone"
    pid_t pid = 0;           // 0: no process of ours
    uint32_t in_flight = 0;
  };
  struct SettingRow {
    std::string_view name;
    std::string value;      // empty: it is not set
    std::string_view from;  // "default", "environment" or "command line"
  };

  StatusMoment moment{};
  std::string_view mode{};
  std::string command{};      // or what there is in its place: a folder, the URL of a server
  uint64_t max_inflight = 0;  // 0: no limit
  StatusBoard::Picture requests{};
  std::vector<InstanceRow> instances{};  // of a function that is kept warm
  std::vector<SettingRow> settings{};    // all that have a meaning in the mode
};

// Takes what the board has of requests, and leaves of those that run the kMostRunningShown that
// have run longest, the oldest first.
void add_requests(StatusReport& report, StatusBoard::Picture picture);
inline constexpr size_t kMostRunningShown = 20;

void add_instances(StatusReport& report, const std::deque<Instance>& instances);

// Adds the mode, the command and every option.
void add_configuration(StatusReport& report, const Config& config);

// "4.9 ms", "12.30 s", "1m30s".
std::string time_taken(Duration duration);

}  // namespace watchdog

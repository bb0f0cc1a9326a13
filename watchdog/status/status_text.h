#pragma once

#include <ctime>
#include <string>
#include <string_view>

#include "config/config.h"
#include "function/function_state.h"
#include "status/status_board.h"

namespace watchdog {

inline constexpr std::string_view kStatusPath = "/_/status";
inline constexpr std::string_view kStatusJsonPath = "/_/status.json";

// Who may see the status page.
enum class StatusViewers {
  kNobody,       // there is none, and nothing is remembered for it
  kThisMachine,  // it is on by itself
  kAll,          // who reaches metrics_port, since status_page=true says so
};
// `at_hand`: standard output and the log are a terminal, and this is no container.
StatusViewers status_viewers(const Config& config, bool at_hand);

// Whether this looks like a container. What comes from outside may there seem to come from inside,
// as forwarders of ports run in it.
bool in_container();

// Where a browser on this machine finds the page.
std::string status_url(const Config& config);

// What the page is about. All of it outlives the page.
struct StatusSubject {
  const Config& config;
  const StatusBoard& board;
  FunctionState& function;
};

// What can be told only at the moment when somebody asks.
struct StatusMoment {
  std::string_view stage;  // "serving"
  bool healthy = false;
  uint64_t queued = 0;  // requests that wait for a slot
  std::time_t started_at = 0;
  Duration uptime{};
  Instant now{};  // of the clock of the loops
};

enum class StatusFormat { kHtml, kJson };
std::string status_text(const StatusSubject& subject, const StatusMoment& moment,
                        StatusFormat format);

}  // namespace watchdog

#pragma once

#include <ctime>
#include <string_view>

#include "net/loop.h"
#include "server/exchange.h"
#include "server/gate.h"
#include "server/health.h"
#include "server/lifecycle.h"
#include "status/status_text.h"

namespace watchdog {

// Serves /_/status, as HTML or, where Accept says so, as JSON, and /_/status.json. Owned by the
// Watchdog, on the main loop.
//
// A page that is on without having been asked for is for the machine that it runs on: it is shown
// to 127.0.0.1 and ::1 alone, only where Host is one of them or localhost, and not to what says
// that it passes a request on. A foreign page can have its own name mean this machine (DNS
// rebinding), but the browser says that name.
class StatusPage {
 public:
  // All of them outlive it.
  StatusPage(const StatusSubject& subject, StatusViewers viewers, Loop& loop, const Gate& gate,
             const Health& health, const Lifecycle& lifecycle)
      : subject_(subject),
        viewers_(viewers),
        loop_(loop),
        gate_(gate),
        health_(health),
        lifecycle_(lifecycle),
        started_(loop.now()) {}

  static bool is_at(std::string_view path) {
    return path == kStatusPath || path == kStatusJsonPath;
  }
  [[gnu::cold]] void serve(Exchange& exchange) const;

 private:
  const StatusSubject subject_;
  const StatusViewers viewers_;
  Loop& loop_;
  const Gate& gate_;
  const Health& health_;
  const Lifecycle& lifecycle_;
  const std::time_t started_at_ = std::time(nullptr);
  const Instant started_;
};

}  // namespace watchdog

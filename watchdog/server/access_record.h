#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.h"
#include "config/config.h"
#include "http/message.h"
#include "net/listener.h"
#include "server/failure.h"
#include "server/metrics.h"

namespace watchdog {

// What is known of a request when it has ended.
struct AccessRecord {
  const RequestHead& request;  // as received
  const PeerAddress& peer;
  int status = 0;  // what the client saw, or would have seen
  Failure failure = Failure::kNone;
  std::string_view detail{};  // of the failure
  uint64_t body_bytes = 0;    // sent
  Duration duration{};
};

// Counts the request in the metrics, and writes its line of the access log where the configuration
// asks for one. From any loop.
void record(const AccessRecord& record, const Config& config, Metrics& metrics);

// Whether the access log has a line for this request.
bool is_logged(const AccessRecord& record, const Config& config);

}  // namespace watchdog

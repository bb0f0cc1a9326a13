#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"
#include "config/config.h"
#include "http/message.h"
#include "net/listener.h"
#include "server/failure.h"
#include "trace/request_span.h"

namespace watchdog {

struct ServerContext;

// What is known of a request when it has ended.
struct AccessRecord {
  const RequestHead& request;  // as received
  const PeerAddress& peer;
  int status = 0;  // what the client saw, or would have seen
  Failure failure = Failure::kNone;
  std::string_view detail{};  // of the failure
  uint64_t body_bytes = 0;    // sent
  Duration duration{};
  std::optional<Duration> queued{};   // the wait for a slot
  std::optional<Duration> spawned{};  // the start of its process
  RequestSpan* span = nullptr;        // null: it has none
  uint64_t output = 0;                // where the function printed its errors (StatusBoard)
};

// Counts the request in the metrics, writes its line of the access log where the configuration asks
// for one, ends its span and has the status page show it, which probes of platforms have none of.
// On the loop of `context`.
void record(const AccessRecord& record, const ServerContext& context);

// Whether the access log has a line for this request.
bool is_logged(const AccessRecord& record, const Config& config);

}  // namespace watchdog

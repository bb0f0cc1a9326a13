#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/enum_table.h"

namespace watchdog {

// Every way in which a request can fail.
enum class Failure : uint8_t {
  kNone,
  kBadRequest,           // the message was refused; its own status is in the refusal
  kClientGone,           // the client disconnected before its response was complete
  kClientSlow,           // read_timeout or write_timeout
  kBodyTooLarge,         // max_body_size
  kEnvironmentTooLarge,  // E2BIG
  kExecTimeout,          // exec_timeout or X-Timeout
  kKilledProcess,        // exec_timeout in mode=classic
  kSpawnFailed,          // no process could be started
  kUpstreamRefused,      // the function's server takes no connection
  kUpstreamBroken,       // the server's response broke off, or is not what its protocol asks for
  kBadResponse,          // what a program printed is no CGI response
  kNotReady,             // the function's server did not become ready in time
  kFunctionFailed,       // non-zero exit code, or killed by a signal
  kFileFailed,           // a file could not be read, or changed while it was sent
  kOutOfResources,       // no descriptor or memory was left
  kUnauthenticated,      // no token or signature that is good
  kForbidden,            // the token does not permit this function
  kNoKeys,               // tokens cannot be checked yet
  kOverloaded,           // max_inflight
  kQueueTimeout,         // queue_timeout
  kDraining,             // unanswered when the watchdog came to its end
  kInternal,
};

// Who is to blame.
enum class Blame : uint8_t { kClient, kFunction, kWatchdog };

// What the page carries as X-OpenFaaS-Internal. OpenFaaS sends a request again whose response has
// it, and a function that failed half way must not run a second time for that: only what failed
// before the function ran, or was refused in its place, has one, under of-watchdog's names.
inline constexpr std::string_view kByWatchdog = "of-watchdog";
inline constexpr std::string_view kByMiddleware = "faas-middleware";

struct FailureInfo {
  Failure failure;
  Blame blame;
  uint16_t status;              // of the error page, where no head has been sent yet
  bool passes;                  // trying again soon may help: the page carries Retry-After
  std::string_view word;        // in the log
  std::string_view internal{};  // X-OpenFaaS-Internal
  std::string_view page{};      // the page's text; empty: the word and the detail
};

// One row per Failure, in the order of the enum.
inline constexpr FailureInfo kFailures[] = {
    {Failure::kNone, Blame::kClient, 200, false, ""},
    {Failure::kBadRequest, Blame::kClient, 400, false, "bad_request"},
    {Failure::kClientGone, Blame::kClient, 499, false, "client_gone"},
    {Failure::kClientSlow, Blame::kClient, 408, false, "client_slow"},
    {Failure::kBodyTooLarge, Blame::kClient, 413, false, "body_too_large"},
    {Failure::kEnvironmentTooLarge, Blame::kClient, 431, false, "environment_too_large"},
    {Failure::kExecTimeout, Blame::kFunction, 504, false, "exec_timeout"},
    {Failure::kKilledProcess, Blame::kFunction, 408, false, "exec_timeout", "",
     "Killed process.\n"},
    {Failure::kSpawnFailed, Blame::kWatchdog, 500, false, "spawn_failed", kByWatchdog},
    {Failure::kUpstreamRefused, Blame::kWatchdog, 502, false, "upstream_refused", kByWatchdog},
    {Failure::kUpstreamBroken, Blame::kFunction, 502, false, "upstream_broken"},
    {Failure::kBadResponse, Blame::kFunction, 502, false, "bad_answer"},
    {Failure::kNotReady, Blame::kWatchdog, 503, true, "not_ready", kByWatchdog},
    {Failure::kFunctionFailed, Blame::kFunction, 500, false, "function_failed"},
    {Failure::kFileFailed, Blame::kWatchdog, 500, false, "file_failed", kByWatchdog},
    {Failure::kOutOfResources, Blame::kWatchdog, 503, true, "out_of_resources", kByWatchdog},
    {Failure::kUnauthenticated, Blame::kClient, 401, false, "access_denied", kByMiddleware},
    {Failure::kForbidden, Blame::kClient, 403, false, "access_denied", kByMiddleware},
    {Failure::kNoKeys, Blame::kWatchdog, 503, true, "no_keys", kByWatchdog},
    {Failure::kOverloaded, Blame::kWatchdog, 429, true, "overloaded", kByMiddleware},
    {Failure::kQueueTimeout, Blame::kWatchdog, 503, true, "queue_timeout", kByWatchdog},
    {Failure::kDraining, Blame::kWatchdog, 503, true, "draining", kByWatchdog},
    {Failure::kInternal, Blame::kWatchdog, 500, false, "internal", kByWatchdog},
};
static_assert(has_row_per_enumerator(kFailures, &FailureInfo::failure, Failure::kInternal));

constexpr const FailureInfo& info(Failure failure) {
  return kFailures[static_cast<size_t>(failure)];
}

// The failure of a caller who is refused with this status.
constexpr Failure failure_of_denial(int status) {
  if (status == 401) return Failure::kUnauthenticated;
  return status == 403 ? Failure::kForbidden : Failure::kNoKeys;
}

}  // namespace watchdog

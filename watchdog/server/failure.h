#pragma once

#include <cstdint>
#include <string_view>

namespace watchdog {

// Every way in which a request can end other than well.
enum class Failure : uint8_t {
  kNone,
  kBadRequest,           // the message was refused; its own status is in the refusal
  kClientGone,           // the client closed or reset the connection before its answer was complete
  kClientSlow,           // read_timeout or write_timeout
  kBodyTooLarge,         // max_body_size
  kEnvironmentTooLarge,  // E2BIG
  kExecTimeout,          // exec_timeout or X-Timeout
  kKilledProcess,        // the same in classic mode
  kSpawnFailed,          // no process could be started
  kUpstreamRefused,      // the function's server takes no connection
  kUpstreamBroken,       // it broke off, or what it said is not HTTP
  kBadAnswer,            // what a program printed is no CGI answer
  kNotReady,             // it did not become ready in time
  kFunctionFailed,       // non-zero exit code, or killed by a signal
  kFileFailed,           // a file could not be read, or changed while it was sent
  kOutOfResources,       // no descriptor or memory was left
  kOverloaded,           // max_inflight
  kQueueTimeout,         // max_queue let it wait, but not for so long
  kDraining,             // unanswered when the function was asked to end for good
  kInternal,
};

struct FailureInfo {
  int status;               // of the page that the client gets when no head has been sent yet
  bool passes;              // trying again soon may well help: Retry-After
  std::string_view word;    // in the log
  std::string_view page{};  // the page's text; empty: the word and what happened
};

// One row a Failure, in order.
inline constexpr FailureInfo kFailures[] = {
    {200, false, ""},
    {400, false, "bad_request"},
    {499, false, "client_gone"},
    {408, false, "client_slow"},
    {413, false, "body_too_large"},
    {431, false, "environment_too_large"},
    {504, false, "exec_timeout"},
    {408, false, "exec_timeout", "Killed process.\n"},
    {500, false, "spawn_failed"},
    {502, false, "upstream_refused"},
    {502, false, "upstream_broken"},
    {502, false, "bad_answer"},
    {503, true, "not_ready"},
    {500, false, "function_failed"},
    {500, false, "file_failed"},
    {503, true, "out_of_resources"},
    {429, true, "overloaded"},
    {503, true, "queue_timeout"},
    {503, true, "draining"},
    {500, false, "internal"},
};
static_assert(sizeof kFailures / sizeof kFailures[0] ==
              static_cast<size_t>(Failure::kInternal) + 1);

constexpr const FailureInfo& info(Failure failure) {
  return kFailures[static_cast<size_t>(failure)];
}

}  // namespace watchdog

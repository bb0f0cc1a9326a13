#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"
#include "function/function_state.h"
#include "net/loop.h"
#include "process/readiness_probe.h"
#include "server/failure.h"
#include "server/lifecycle.h"
#include "server/metrics.h"

// All that the author of a mode reads, with server/exchange.h: how the server and a mode talk.

namespace watchdog {

class Exchange;
class Reaper;

// One run of the function for one Exchange, which owns it. Its destructor is the only cancellation:
// whatever runs for it is stopped, and it calls the exchange no more. It is never destroyed inside
// one of its own calls.
class Invocation {
 public:
  virtual ~Invocation() = default;

  // The next bytes of the request's body. When whatever takes them is full, call
  // exchange.pause_upload(), and true once it is not.
  virtual void on_body(std::string_view bytes) = 0;
  // The body is complete; comes at once for a request without one.
  virtual void on_body_end() = 0;
  // exchange.response_full() was true and is so no more.
  virtual void on_response_drained() {}
  // The server is about to end: ask the function to finish. What it still answers is delivered.
  virtual void on_stopping() {}
  // exec_timeout is over, and not for an impatient X-Timeout; destruction follows.
  virtual void on_exec_timeout() {}
  // Whether to run to the end when the client has gone.
  virtual bool outlives_client() const { return false; }
};

// A long-lived way to answer requests. One per Worker, used on its loop only.
class Mode {
 public:
  virtual ~Mode() = default;
  // Starts answering. Returns null when it has already called exchange.end() or fail().
  virtual std::unique_ptr<Invocation> invoke(Exchange& exchange) = 0;
  // The last request has been answered, or the function is about to be asked to end: what is kept
  // for later requests can go.
  virtual void release_idle() {}
  // What /_/ready asks, beyond what we know ourselves; null when there is nothing to ask.
  virtual std::unique_ptr<ReadinessProbe> readiness_probe() { return nullptr; }
  // What running out of exec_timeout is called here.
  virtual Failure exec_timeout_failure() const { return Failure::kExecTimeout; }
};

// What a mode may use; all of it outlives the mode.
struct ModeContext {
  Loop& loop;
  const Config& config;
  Reaper& reaper;
  Metrics& metrics;
  FunctionState& function;
  const Lifecycle& lifecycle;
};

}  // namespace watchdog

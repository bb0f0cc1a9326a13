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

// How the server and a mode talk: with server/exchange.h all that the author of a mode reads. A
// whole invocation, of a mode that sends every request's body back:
//
//   class Echo final : public Invocation {
//    public:
//     explicit Echo(Exchange& exchange) : exchange_(exchange) { exchange_.head({}); }
//     void on_body(std::string_view bytes) override {
//       exchange_.write(bytes);
//       if (exchange_.response_full()) exchange_.pause_upload();
//     }
//     void on_response_drained() override { exchange_.resume_upload(); }
//     void on_body_end() override { exchange_.end(); }
//
//    private:
//     Exchange& exchange_;
//   };
//
// Its mode's invoke() returns std::make_unique<Echo>(exchange).

namespace watchdog {

class Exchange;
class Reaper;
class WarmPlan;

// One run of the function for one Exchange, which owns it. The destructor is the only cancellation:
// it stops what runs for the request, and the exchange is not called again. An invocation is never
// destroyed inside one of its own calls.
class Invocation {
 public:
  virtual ~Invocation() = default;

  // The next bytes of the request's body. Where they cannot be passed on, call
  // exchange.pause_upload(), and exchange.resume_upload() once they can.
  virtual void on_body(std::string_view bytes) = 0;
  // The body is complete. Called once, and right after Mode::invoke() for a request without a body.
  virtual void on_body_end() = 0;
  // exchange.response_full() was true, and the client has taken all since.
  virtual void on_response_drained() {}
  // The watchdog is about to end: ask the function to finish. What it still answers is delivered.
  virtual void on_stopping() {}
  // exec_timeout has expired (not a shorter X-Timeout of the client). The invocation is destroyed
  // next.
  virtual void on_exec_timeout() {}
  // Whether to run to the end after the client has disconnected.
  virtual bool outlives_client() const { return false; }
};

// Answers requests, each with an Invocation. Owned by a Worker, one per worker, used on its loop
// only.
class Mode {
 public:
  virtual ~Mode() = default;
  // Begins to answer. Returns null where it has already called exchange.end() or fail().
  virtual std::unique_ptr<Invocation> invoke(Exchange& exchange) = 0;
  // Drops what is kept for later requests, such as idle connections: the last request has been
  // answered, or the function is about to be asked to end.
  virtual void release_idle() {}
  // A probe that /_/ready asks beyond what we know ourselves; null where there is none.
  virtual std::unique_ptr<ReadinessProbe> readiness_probe() { return nullptr; }
  // The failure of a request that exceeds exec_timeout.
  virtual Failure exec_timeout_failure() const { return Failure::kExecTimeout; }
};

// What a mode may use. All of it outlives the mode.
struct ModeContext {
  Loop& loop;
  const Config& config;
  Reaper& reaper;
  Metrics& metrics;
  FunctionState& function;
  const Lifecycle& lifecycle;
  WarmPlan* plan = nullptr;  // null: this is the only worker, and no files are watched
};

}  // namespace watchdog

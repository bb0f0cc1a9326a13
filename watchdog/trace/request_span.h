#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/time.h"
#include "trace/trace_context.h"

namespace watchdog {

// What a request waits for, one after the other. A span of each is a child of the request's.
enum class Phase {
  kUpload,     // for the request's body, which is collected whole; has no span
  kQueue,      // for a slot
  kStart,      // for the function's server to be ready
  kSpawn,      // for a process to be started
  kFirstByte,  // for the function to begin its response
  kBody,       // for the rest of the response to be sent
};
std::string_view name_of(Phase phase);

// The span of a request while it runs. Owned by its exchange, whose request has views of what is
// kept here.
class RequestSpan {
 public:
  struct Interval {
    Phase phase;
    Instant begin;
    Instant end;
  };

  RequestSpan(const TraceContext& context, const TraceContext* parent, Instant begin)
      : context_(context), traceparent_(write_traceparent(context)), begin_(begin) {
    if (parent != nullptr) parent_ = parent->ids.span;
  }

  const TraceContext& context() const { return context_; }
  // The id of the span that caused the request; empty where it begins a trace.
  std::string_view parent() const {
    return parent_ ? std::string_view(parent_->data(), parent_->size()) : std::string_view();
  }
  // What the function gets, valid as long as this lives.
  std::string_view traceparent() const { return {traceparent_.data(), traceparent_.size()}; }
  std::string_view tracestate() const { return tracestate_; }
  void set_tracestate(std::string state) { tracestate_ = std::move(state); }

  Instant begin() const { return begin_; }
  // The request enters a phase, which ends the one before. The same again goes on.
  void enter(Phase phase, Instant now);
  // The request has ended.
  void leave(Instant now);
  std::span<const Interval> phases() const { return {phases_.data(), count_}; }

 private:
  // More are only in a request that goes through several redirects; those have no spans.
  static constexpr size_t kMostPhases = 8;

  TraceContext context_;
  std::optional<std::array<char, 16>> parent_;
  Traceparent traceparent_;
  std::string tracestate_;
  Instant begin_;
  std::array<Interval, kMostPhases> phases_{};
  size_t count_ = 0;
  bool in_phase_ = false;  // the last one has not ended
};

}  // namespace watchdog

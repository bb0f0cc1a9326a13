#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "client/http_call.h"
#include "net/loop.h"
#include "net/timer.h"
#include "trace/span_queue.h"
#include "trace/trace_settings.h"

namespace watchdog {

// Sends the spans of a queue to a collector, by OTLP over HTTP with JSON encoding, a batch at a
// time and never on the way of a request. A collector that is not there or that has no time is
// asked again, later and later, and not before it says; what it does not take after kMostTries is
// dropped and counted, as is what it refuses.
//
//   idle --a span--> waiting --delay is over, or a batch is full--> sending
//   sending --taken, or refused--> idle, or sending the next one
//   sending --not now--> pausing --the pause is over--> sending the same
//   any --finish()--> sending what is left, until all is sent or the time is over
//
// Used on the loop of the main thread; the queue may be filled by any.
class SpanExporter {
 public:
  static constexpr unsigned kMostTries = 5;
  static constexpr Duration kFirstPause = std::chrono::seconds(1);
  static constexpr Duration kMostPause = std::chrono::seconds(30);
  // Between two tries, once nothing more will come.
  static constexpr Duration kLastPause = std::chrono::milliseconds(200);

  // `queue` and `dropped`, which counts, outlive it; nobody may add to the queue when it goes.
  SpanExporter(Loop& loop, TraceSettings settings, SpanQueue& queue,
               std::atomic<uint64_t>& dropped);

  // Sends what is left, in the time that a request may take at most. Again and again is once.
  void finish();
  // Drops what has not been sent, as there is no more time. Not from within a callback of its call.
  void drop_rest();
  // After finish(): whether nothing is left to wait for.
  bool finished() const { return finishing_ && !batch_ && queue_.empty(); }

 private:
  void on_news();
  void send_next();
  void send();
  void on_response(const Result<HttpCall::Response>& response);
  void on_taken(const std::string& body);
  void try_again(std::string_view why, std::string_view retry_after);
  void drop(std::string_view why);
  void give_up(std::string_view why);
  void report(std::string_view why);

  Loop& loop_;
  const TraceSettings settings_;
  SpanQueue& queue_;
  std::atomic<uint64_t>& dropped_;
  const std::string opening_;  // of each request's body, before the spans
  Wakeup news_;
  Timer timer_;                            // waiting, or pausing
  Timer deadline_;                         // of finish()
  std::unique_ptr<HttpCall> call_;         // kept for its connection; null at first and at the end
  std::optional<SpanQueue::Batch> batch_;  // that is being sent, perhaps again
  unsigned tries_ = 0;
  Duration pause_ = kFirstPause;
  bool failing_ = false;
  bool finishing_ = false;
};

}  // namespace watchdog

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"

namespace watchdog {

// A Prometheus histogram of seconds. Any thread may observe.
class Histogram {
 public:
  using Bounds = std::array<double, 11>;
  // Those of Prometheus, made for responses over a network.
  static constexpr Bounds kBounds = {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};
  // For starting a process, which usually takes a fraction of a millisecond.
  static constexpr Bounds kSpawnBounds = {.0001, .00025, .0005, .001, .0025, .005,
                                          .01,   .025,   .05,   .1,   1};

  // `bounds` outlives the histogram.
  explicit Histogram(const Bounds& bounds = kBounds) : bounds_(bounds) {}

  // A negative duration counts as none.
  void observe(Duration duration);
  uint64_t count() const;
  // Appends the _bucket, _sum and _count lines; `labels` is `code="200",method="get"` or "".
  void append_to(std::string& out, std::string_view name, std::string_view labels) const;

 private:
  const Bounds& bounds_;
  std::array<std::atomic<uint64_t>, kBounds.size() + 1> buckets_{};  // last: beyond all
  std::atomic<uint64_t> nanoseconds_{0};
};

// The numbers of /metrics. Any thread may write them; relaxed atomics, without locks. Owned by the
// Watchdog; outlives the workers.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // `method` as received; the well-known nine are labelled in lower case, as Go's promhttp does;
  // others are counted as "unknown", so that clients cannot make series. `code` is the three-digit
  // status.
  void count_request(std::string_view method, int code, Duration duration);

  std::atomic<int64_t> requests_in_flight{0};
  std::atomic<int64_t> requests_queued{0};  // waiting for a slot
  std::atomic<uint64_t> queue_timeouts{0};
  std::atomic<uint64_t> exec_timeouts{0};
  std::atomic<uint64_t> spawn_failures{0};
  std::atomic<uint64_t> restarts{0};                 // of the warm process
  Histogram queue_seconds;                           // from joining the queue to leaving it
  Histogram spawn_seconds{Histogram::kSpawnBounds};  // from asking for a process until it runs

  // The Prometheus text format, version 0.0.4, process_* included; clean under promtool check
  // metrics. A series of requests appears with its first request.
  std::string text() const;

 private:
  // The requests of one method and status, in a list that only grows. It is short, because a
  // function answers with a handful of statuses.
  struct Series {
    std::string_view method;
    int code = 0;
    Series* next = nullptr;
    Histogram duration;
  };
  static Series* find(Series* first, std::string_view method, int code);
  Series& series(std::string_view method, int code);
  void append_requests(std::string& out) const;

  std::atomic<Series*> first_{nullptr};
  double start_time_;  // seconds since 1970
};

}  // namespace watchdog

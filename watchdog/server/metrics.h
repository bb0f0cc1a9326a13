#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"

namespace watchdog {

// A histogram of seconds with Prometheus's default buckets. Any thread may observe.
class Histogram {
 public:
  static constexpr std::array<double, 11> kBounds = {.005, .01, .025, .05, .1, .25,
                                                     .5,   1,   2.5,  5,   10};
  void observe(Duration duration);
  // Appends the _bucket, _sum and _count lines; `labels` is `code="200",method="GET"` or "".
  void append_to(std::string& out, std::string_view name, std::string_view labels) const;

 private:
  std::array<std::atomic<uint64_t>, kBounds.size() + 1> buckets_{};
  std::atomic<uint64_t> nanoseconds_{0};
};

// Every number that /metrics shows, shared by all workers; written with relaxed atomics, without
// locks. Owned by main, outlives the workers.
class Metrics {
 public:
  Metrics() = default;
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;
  ~Metrics();

  // `method` as received; one that is not among the well-known nine is counted as "OTHER", so that
  // clients cannot make series. `code` is 100 to 599.
  void count_request(std::string_view method, int code, Duration duration);

  std::atomic<int64_t> requests_in_flight{0};
  std::atomic<uint64_t> exec_timeouts{0};
  std::atomic<uint64_t> spawn_failures{0};
  Histogram spawn_seconds;  // from asking for a process until its program runs

  // The Prometheus text format, version 0.0.4, process_* included; clean under promtool check metrics.
  std::string text() const;

 private:
  static constexpr size_t kMethods = 10;  // the nine of RFC 9110 and RFC 5789, then OTHER
  static constexpr size_t kCodes = 500;   // 100 to 599
  struct Series {
    Histogram duration;
  };
  Series& series(size_t method, size_t code);

  std::array<std::array<std::atomic<Series*>, kCodes>, kMethods> series_{};
};

}  // namespace watchdog

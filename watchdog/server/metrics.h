#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "auth/denial.h"
#include "base/time.h"
#include "base/trace_ids.h"
#include "function/warm_plan.h"
#include "server/exemplars.h"
#include "server/histogram.h"

namespace watchdog {

// The numbers of /metrics. Any thread may write them; relaxed atomics, without locks. Owned by the
// Watchdog; outlives the workers. server/metrics_page.h prints them.
class Metrics {
 public:
  // The requests of one method and status.
  struct Requests {
    size_t method = 0;  // its number among those that have a label
    int code = 0;       // a registered status, or the class of those that are not
    Requests* next = nullptr;
    Histogram duration;
    std::atomic<Exemplars*> exemplars{nullptr};  // of `duration`, from the first sampled one on

    ~Requests() { delete exemplars.load(); }
    void note_exemplar(size_t bucket, const TraceIds& ids, Duration value);
    std::string labels() const;  // `code="200",method="get"`
  };

  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Counts a request. Neither clients nor functions can make series without end: `method`, as
  // received, is labelled in lower case where it is one of the well-known nine, as Go's promhttp
  // does, and "unknown" elsewhere; `status` is itself where IANA has it, or it is 499, and else its
  // class, such as "4xx"; what has no class counts as "5xx" (RFC 9110 15). `sampled` are the ids of
  // the request's span; null where that is not recorded.
  void count_request(std::string_view method, int status, Duration duration,
                     const TraceIds* sampled = nullptr);
  // In order of code, then method.
  std::vector<const Requests*> requests() const;

  const Duration start_time;  // of our process, since 1970
  std::atomic<int64_t> requests_in_flight{0};
  std::atomic<int64_t> requests_queued{0};  // waiting for a slot
  std::atomic<uint64_t> queue_timeouts{0};
  std::atomic<uint64_t> exec_timeouts{0};
  std::array<std::atomic<uint64_t>, kDenials.size()> denied{};  // by Denial::number
  std::atomic<uint64_t> spawn_failures{0};
  // What the processes of requests came from, by kColdStarts and so on.
  std::array<std::atomic<uint64_t>, 3> starts{};
  static constexpr size_t kColdStarts = 0;
  static constexpr size_t kSpareStarts = 1;
  static constexpr size_t kZygoteStarts = 2;
  std::array<std::atomic<uint64_t>, kFallbackCount> fallbacks{};  // by Fallback
  std::atomic<uint64_t> template_restarts{0};
  std::atomic<uint64_t> restarts{0};  // of the warm process
  std::atomic<uint64_t> spans_dropped{0};
  std::atomic<uint64_t> received_bytes{0};  // of bodies
  std::atomic<uint64_t> sent_bytes{0};
  Histogram queue_seconds;                                // from joining the queue to leaving it
  Histogram spawn_seconds{Histogram::kSpawnBounds};       // from asking for a process until it runs
  Histogram first_byte_seconds;                           // from a request's head to its response's
  Histogram cold_start_seconds{Histogram::kReadyBounds};  // of a server, until it is ready

 private:
  static Requests* find(Requests* first, size_t method, int code);
  Requests& requests_of(size_t method, int status);

  std::atomic<Requests*> first_{nullptr};  // of a list that only grows
};

}  // namespace watchdog

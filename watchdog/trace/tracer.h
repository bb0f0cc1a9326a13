#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/ip_address.h"
#include "http/message.h"
#include "trace/id_source.h"
#include "trace/request_span.h"
#include "trace/sampler.h"
#include "trace/span_queue.h"
#include "trace/span_writer.h"

namespace watchdog {

// What is known of a request when it has ended, beside its span.
struct TracedRequest {
  const RequestHead& request;  // as it came, its X-Forwarded-* settled
  IpAddress client;            // its address
  int status = 0;
  std::string_view failure{};  // our word for what went wrong; empty when nothing did
  std::string_view detail{};   // of the failure
};

// Makes the spans of a worker's requests, and gives those that are sampled to the queue. One per
// worker, used on its loop only.
class Tracer {
 public:
  // `queue` outlives it.
  Tracer(const Sampler& sampler, SpanQueue& queue) : sampler_(sampler), queue_(queue) {}

  // Begins the span of a request, and has the request's fields say that it is the parent of what
  // the function does. A trace that the fields belong to goes on; else a new one begins. The
  // request's fields have views of the span, which outlives them.
  std::unique_ptr<RequestSpan> begin(RequestHead& request, Instant now);
  // The request has ended.
  void end(RequestSpan& span, const TracedRequest& ended, Instant now);
  // The function's server took from `begin` until `now` to be ready at `url`, in a trace of its
  // own. `problem` is why it is not; empty where it is.
  void add_start(std::string_view url, Instant begin, Instant now, std::string_view problem);

 private:
  // Phases that took less are not worth a span.
  static constexpr Duration kLeast = std::chrono::microseconds(50);

  // What requests have mostly in common with the one before: how they came, and of whom.
  template <typename Text>
  struct Common {
    Text method;
    Text host;
    Text agent;
    IpAddress client;
    bool secure;
    bool newer;  // HTTP/1.1

    template <typename Other>
    bool operator==(const Common<Other>& other) const {
      return method == other.method && host == other.host && agent == other.agent &&
             client == other.client && secure == other.secure && newer == other.newer;
    }
  };

  static Common<std::string_view> common_of(const TracedRequest& ended);
  void begin_span(SpanWriter& writer, const Common<std::string_view>& common);
  void end_span(SpanWriter& writer, const TracedRequest& ended, const SpanWriter::Own& own);
  UnixNanoseconds offset_at(Instant now);
  void write_phases(SpanWriter& writer, const RequestSpan& span, UnixNanoseconds offset);

  const Sampler sampler_;
  SpanQueue& queue_;
  IdSource ids_;
  JsonText text_;  // of the spans of the last request
  // What its first span begins with stays, as long as it is of the next request too.
  Common<std::string> common_{};
  size_t begun_ = 0;                      // bytes of the text; 0: nothing stays
  UnixNanoseconds offset_ = 0;            // of the time since 1970 from that of an Instant
  Instant offset_from_ = Instant::max();  // when it was found; at first never
};

}  // namespace watchdog

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

  // `method` is empty where it is not one that everybody knows.
  void add_request(SpanWriter& writer, const TracedRequest& ended, std::string_view method);
  void add_server(SpanWriter& writer, std::string_view host, bool secure);
  void add_agent(SpanWriter& writer, std::string_view agent);
  void add_client(SpanWriter& writer, const IpAddress& client);
  UnixNanoseconds offset_at(Instant now);
  void write_phases(SpanWriter& writer, const RequestSpan& span, UnixNanoseconds offset);

  const Sampler sampler_;
  SpanQueue& queue_;
  IdSource ids_;
  JsonText text_;  // of the spans of the last request
  // The attributes that are mostly those of the request before.
  struct Remembered {
    std::string key;
    std::string attributes;
  };
  Remembered server_;
  uint16_t server_port_ = 0;  // where its key names none
  Remembered agent_;
  IpAddress client_;
  std::string client_attributes_;
  UnixNanoseconds offset_ = 0;            // of the time since 1970 from that of an Instant
  Instant offset_from_ = Instant::max();  // when it was found; at first never
};

}  // namespace watchdog

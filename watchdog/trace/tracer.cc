#include "trace/tracer.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <optional>
#include <utility>

#include "base/text.h"
#include "http/forwarded.h"
#include "http/http_url.h"

namespace watchdog {

namespace {

// HTTP semantic conventions 1.23: others are _OTHER, so that clients cannot make values.
bool is_known_method(std::string_view method) {
  constexpr std::array<std::string_view, 10> kKnown = {
      "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "CONNECT", "TRACE", "QUERY"};
  return std::ranges::find(kKnown, method) != kKnown.end();
}

// What the fields of a request say of how it came, found in one walk.
struct Surroundings {
  const Field* host = nullptr;  // X-Forwarded-Host
  const Field* agent = nullptr;
  bool secure = false;
};

Surroundings surroundings_of(const Fields& fields) {
  Surroundings all;
  const auto take = [](const Field*& place, const Field& field, std::string_view name) {
    if (place == nullptr && equals_ignoring_case(field.name, name)) place = &field;
  };
  // As they are mostly written, which is compared fastest.
  constexpr std::string_view kHost = "X-Forwarded-Host";
  constexpr std::string_view kProtocol = "X-Forwarded-Proto";
  constexpr std::string_view kAgent = "User-Agent";
  const Field* protocol = nullptr;
  for (const Field& field : fields) {
    switch (field.name.size()) {
      case kHost.size():
        take(all.host, field, kHost);
        break;
      case kProtocol.size():
        take(protocol, field, kProtocol);
        break;
      case kAgent.size():
        take(all.agent, field, kAgent);
        break;
      default:
        break;
    }
  }
  all.secure = (protocol == nullptr || protocol->value != "http") && came_over_tls(fields);
  return all;
}

UnixNanoseconds unix_now() {
  timespec real{};
  clock_gettime(CLOCK_REALTIME, &real);
  return static_cast<UnixNanoseconds>(real.tv_sec) * 1'000'000'000 +
         static_cast<UnixNanoseconds>(real.tv_nsec);
}

UnixNanoseconds unix_time(Instant when, UnixNanoseconds offset) {
  return static_cast<UnixNanoseconds>(when.time_since_epoch().count()) + offset;
}

bool is_context(const Field& field) {
  const std::string_view name = field.name;
  return (name.size() == kTraceparent.size() && equals_ignoring_case(name, kTraceparent)) ||
         (name.size() == kTracestate.size() && equals_ignoring_case(name, kTracestate));
}

}  // namespace

Tracer::Common<std::string_view> Tracer::common_of(const TracedRequest& ended) {
  const RequestHead& request = ended.request;
  const Surroundings found = surroundings_of(request.fields);
  return {.method = request.method,
          .host = found.host != nullptr ? found.host->value : request.authority(),
          .agent = found.agent != nullptr ? found.agent->value : std::string_view(),
          .client = ended.client,
          .secure = found.secure,
          .newer = request.minor_version > 0};
}

void Tracer::begin_span(SpanWriter& writer, const Common<std::string_view>& common) {
  if (begun_ > 0 && common_ == common) return text_.cut(begun_);
  text_.clear();
  const bool known = is_known_method(common.method);
  writer.begin(SpanWriter::Kind::kServer, known ? common.method : std::string_view("HTTP"));
  writer.add_word<"http.request.method">(known ? common.method : std::string_view("_OTHER"));
  if (!known) writer.add<"http.request.method_original">(common.method);
  writer.add_word<"url.scheme">(common.secure ? std::string_view("https")
                                              : std::string_view("http"));
  Authority server;
  const std::string_view host = trim(common.host.substr(0, common.host.find(',')));
  if (parse_authority(host, common.secure ? 443 : 80, server)) {
    writer.add<"server.address">(server.host);
    writer.add<"server.port">(server.port);
  }
  const std::string client = common.client.text();
  if (!client.empty()) writer.add<"client.address">(client);
  writer.add_word<"network.protocol.version">(common.newer ? std::string_view("1.1")
                                                           : std::string_view("1.0"));
  if (!common.agent.empty()) writer.add<"user_agent.original">(common.agent);
  common_ = {.method = std::string(common.method),
             .host = std::string(common.host),
             .agent = std::string(common.agent),
             .client = common.client,
             .secure = common.secure,
             .newer = common.newer};
  begun_ = text_.text().size();
}

// A client's own mistake is no failure of the server.
void Tracer::end_span(SpanWriter& writer, const TracedRequest& ended, const SpanWriter::Own& own) {
  writer.add<"url.path">(ended.request.path());
  if (const std::string_view query = ended.request.query(); !query.empty()) {
    writer.add<"url.query">(query);
  }
  if (ended.status > 0) {
    writer.add<"http.response.status_code">(static_cast<uint64_t>(ended.status));
  }
  const bool failed = ended.status >= 500;
  if (!failed && ended.failure.empty()) return writer.end(own);
  std::string status;
  if (ended.failure.empty()) append_number(status, static_cast<uint64_t>(ended.status));
  writer.add_word<"error.type">(ended.failure.empty() ? std::string_view(status) : ended.failure);
  failed ? writer.end_failed(own, ended.detail) : writer.end(own);
}

std::unique_ptr<RequestSpan> Tracer::begin(RequestHead& request, Instant now) {
  std::optional<TraceContext> parent;
  std::string tracestate;
  if (std::ranges::any_of(request.fields, is_context)) {
    parent = received_context(request.fields);
    if (parent) tracestate = combined_tracestate(request.fields);
    request.fields.remove_if(is_context);
  }
  TraceContext context;
  if (parent) {
    context = *parent;
    ids_.make_span_id(context.ids.span, now);
  } else {
    ids_.begin_trace(context.ids, now);
    context.random_id = true;
  }
  context.sampled = sampler_.samples(context.ids.trace_id(), parent ? &*parent : nullptr);
  auto span = std::make_unique<RequestSpan>(context, parent ? &*parent : nullptr, now);
  span->set_tracestate(std::move(tracestate));
  request.fields.add(kTraceparent, span->traceparent());
  if (!span->tracestate().empty()) request.fields.add(kTracestate, span->tracestate());
  return span;
}

// NTP moves the real time by at most 50 microseconds between two looks at it. Where it was set, or
// the virtual machine restored from a snapshot, spans have the old one for 100 ms at most.
UnixNanoseconds Tracer::offset_at(Instant now) {
  constexpr Duration kLook = std::chrono::milliseconds(100);
  if (now < offset_from_ || now >= offset_from_ + kLook) {
    offset_from_ = now;
    offset_ = unix_now() - static_cast<UnixNanoseconds>(now.time_since_epoch().count());
  }
  return offset_;
}

void Tracer::end(RequestSpan& span, const TracedRequest& ended, Instant now) {
  span.leave(now);
  if (!span.context().sampled) return;
  SpanWriter writer(text_);
  const UnixNanoseconds offset = offset_at(now);
  begin_span(writer, common_of(ended));
  end_span(writer, ended,
           {.ids = span.context().ids,
            .parent = span.parent(),
            .tracestate = span.tracestate(),
            .begin = unix_time(span.begin(), offset),
            .end = unix_time(now, offset)});
  write_phases(writer, span, offset);
  queue_.add(text_.text(), writer.count());
}

// Where a request did nothing but wait for the function to begin its response, its own span says
// how long that took.
void Tracer::write_phases(SpanWriter& writer, const RequestSpan& span, UnixNanoseconds offset) {
  const auto counts = [](const auto& phase) { return phase.end - phase.begin >= kLeast; };
  const auto waits = [&](const auto& phase) {
    return counts(phase) && phase.phase != Phase::kFirstByte;
  };
  if (std::ranges::none_of(span.phases(), waits)) return;
  for (const RequestSpan::Interval& interval : span.phases()) {
    if (!counts(interval)) continue;
    TraceIds ids = span.context().ids;
    ids_.make_span_id(ids.span, interval.end);
    writer.begin(SpanWriter::Kind::kInternal, name_of(interval.phase));
    writer.end({.ids = ids,
                .parent = span.context().ids.span_id(),
                .tracestate = span.tracestate(),
                .begin = unix_time(interval.begin, offset),
                .end = unix_time(interval.end, offset)});
  }
}

void Tracer::add_start(std::string_view url, Instant begin, Instant now, std::string_view problem) {
  TraceIds ids;
  ids_.begin_trace(ids, now);
  if (!sampler_.samples(ids.trace_id(), nullptr)) return;
  text_.clear();
  begun_ = 0;
  SpanWriter writer(text_);
  const UnixNanoseconds offset = offset_at(now);
  writer.begin(SpanWriter::Kind::kInternal, "cold start");
  writer.add<"url.full">(url);
  const SpanWriter::Own own = {.ids = ids,
                               .parent = {},
                               .tracestate = {},
                               .begin = unix_time(begin, offset),
                               .end = unix_time(now, offset)};
  problem.empty() ? writer.end(own) : writer.end_failed(own, problem);
  queue_.add(text_.text(), writer.count());
}

}  // namespace watchdog

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
  constexpr std::string_view kHost = "x-forwarded-host";
  constexpr std::string_view kProtocol = "x-forwarded-proto";
  constexpr std::string_view kAgent = "user-agent";
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

// A client's own mistake is no failure of the server.
void end_request(SpanWriter& writer, const TracedRequest& ended) {
  if (ended.status > 0) {
    writer.add<"http.response.status_code">(static_cast<uint64_t>(ended.status));
  }
  const bool failed = ended.status >= 500;
  if (!failed && ended.failure.empty()) return writer.end();
  std::string status;
  if (ended.failure.empty()) append_number(status, static_cast<uint64_t>(ended.status));
  writer.add_word<"error.type">(ended.failure.empty() ? std::string_view(status) : ended.failure);
  failed ? writer.end_failed(ended.detail) : writer.end();
}

}  // namespace

void Tracer::add_server(SpanWriter& writer, std::string_view host, bool secure) {
  const std::string_view first = trim(host.substr(0, host.find(',')));
  const uint16_t usual = secure ? 443 : 80;
  if (server_.key == first && server_port_ == usual) return writer.add_written(server_.attributes);
  server_ = {std::string(first), {}};
  server_port_ = usual;
  Authority authority;
  if (!parse_authority(first, usual, authority)) return;
  const size_t before = text_.text().size();
  writer.add<"server.address">(authority.host);
  writer.add<"server.port">(authority.port);
  server_.attributes = text_.text().substr(before);
}

void Tracer::add_client(SpanWriter& writer, const IpAddress& client) {
  if (client_ == client) return writer.add_written(client_attributes_);
  const size_t before = text_.text().size();
  if (const std::string text = client.text(); !text.empty()) writer.add<"client.address">(text);
  client_ = client;
  client_attributes_ = text_.text().substr(before);
}

void Tracer::add_agent(SpanWriter& writer, std::string_view agent) {
  if (agent_.key == agent) return writer.add_written(agent_.attributes);
  const size_t before = text_.text().size();
  writer.add<"user_agent.original">(agent);
  agent_ = {std::string(agent), std::string(text_.text().substr(before))};
}

void Tracer::add_request(SpanWriter& writer, const TracedRequest& ended, std::string_view method) {
  const RequestHead& request = ended.request;
  writer.add_word<"http.request.method">(method.empty() ? std::string_view("_OTHER") : method);
  if (method.empty()) writer.add<"http.request.method_original">(request.method);
  const Surroundings found = surroundings_of(request.fields);
  writer.add_word<"url.scheme">(found.secure ? std::string_view("https")
                                             : std::string_view("http"));
  writer.add<"url.path">(request.path());
  if (const std::string_view query = request.query(); !query.empty()) {
    writer.add<"url.query">(query);
  }
  add_server(writer, found.host != nullptr ? found.host->value : request.authority(), found.secure);
  add_client(writer, ended.client);
  writer.add_word<"network.protocol.version">(request.minor_version == 0 ? std::string_view("1.0")
                                                                         : std::string_view("1.1"));
  if (found.agent != nullptr) add_agent(writer, found.agent->value);
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
  } else {
    ids_.make_trace_id(context.ids.trace);
    context.random_id = true;
  }
  ids_.make_span_id(context.ids.span);
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
  text_.clear();
  SpanWriter writer(text_);
  const UnixNanoseconds offset = offset_at(now);
  const bool known = is_known_method(ended.request.method);
  const std::string_view method = known ? ended.request.method : std::string_view();
  writer.begin({.ids = span.context().ids,
                .parent = span.parent(),
                .tracestate = span.tracestate(),
                .name = known ? method : std::string_view("HTTP"),
                .kind = SpanWriter::Kind::kServer,
                .begin = unix_time(span.begin(), offset),
                .end = unix_time(now, offset)});
  add_request(writer, ended, method);
  end_request(writer, ended);
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
    ids_.make_span_id(ids.span);
    writer.begin({.ids = ids,
                  .parent = span.context().ids.span_id(),
                  .tracestate = span.tracestate(),
                  .name = name_of(interval.phase),
                  .kind = SpanWriter::Kind::kInternal,
                  .begin = unix_time(interval.begin, offset),
                  .end = unix_time(interval.end, offset)});
    writer.end();
  }
}

void Tracer::add_start(std::string_view url, Instant begin, Instant now, std::string_view problem) {
  TraceIds ids;
  ids_.make_trace_id(ids.trace);
  ids_.make_span_id(ids.span);
  if (!sampler_.samples(ids.trace_id(), nullptr)) return;
  text_.clear();
  SpanWriter writer(text_);
  const UnixNanoseconds offset = offset_at(now);
  writer.begin({.ids = ids,
                .parent = {},
                .tracestate = {},
                .name = "cold start",
                .kind = SpanWriter::Kind::kInternal,
                .begin = unix_time(begin, offset),
                .end = unix_time(now, offset)});
  writer.add<"url.full">(url);
  problem.empty() ? writer.end() : writer.end_failed(problem);
  queue_.add(text_.text(), writer.count());
}

}  // namespace watchdog

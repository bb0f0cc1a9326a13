#include "server/access_record.h"

#include <optional>
#include <string>

#include "base/log.h"
#include "http/forwarded.h"
#include "server/exchange.h"
#include "server/platform_probe.h"
#include "trace/trace_context.h"

namespace watchdog {

namespace {

// Only at the paths that platforms ask: what ready_path names, and "/", which Google's load
// balancers ask, where it went well. A client that merely calls itself a probe could keep its
// requests out of the log elsewhere.
bool is_probe(const AccessRecord& record, const Config& config) {
  const RequestHead& request = record.request;
  const bool at_ready_path = request.target == config.ready_path;
  const bool at_root = request.target == "/" && !request.has_body() && record.status < 400;
  return (at_ready_path || at_root) && names_prober(request);
}

// Whom X-Forwarded-For names, only where the user has said whose word counts.
void end_span(const AccessRecord& record, const ServerContext& context) {
  const Config& config = context.config;
  IpAddress client = record.peer.ip();
  if (config.trusted_proxies_named) {
    client = client_address(record.request.fields, client, config.trusted_proxies);
  }
  context.tracer->end(*record.span,
                      {.request = record.request,
                       .client = client,
                       .status = record.status,
                       .failure = info(record.failure).word,
                       .detail = record.detail},
                      record.span->begin() + record.duration);
}

void log_access(const AccessRecord& record, const Config& config) {
  const bool as_json = config.log_format == log::Format::kJson;
  // of-watchdog's words.
  const bool denied =
      record.failure == Failure::kUnauthenticated || record.failure == Failure::kForbidden;
  const std::string remote = as_json ? record.peer.text() : std::string();
  log::Access line{.method = record.request.method,
                   .target = record.request.target,
                   .status = record.status,
                   .reason = denied ? "ACCESS DENIED" : reason_phrase(record.status),
                   .failure = info(record.failure).word,
                   .detail = record.detail,
                   .remote = remote,
                   .bytes = record.body_bytes,
                   .duration = record.duration,
                   .queued = record.queued,
                   .spawned = record.spawned};
  if (config.log_call_id) {
    const Field* call_id = record.request.fields.find("x-call-id");
    line.call_id = call_id != nullptr ? call_id->value : std::string_view("none");
  }
  std::optional<TraceContext> context;
  if (record.span != nullptr) {
    line.trace = &record.span->context().ids;
  } else if (as_json) {
    context = received_context(record.request.fields);
    if (context) line.trace = &context->ids;
  }
  log::access(line);
}

// The caller's mistakes are not the function's.
bool is_failure(const AccessRecord& record) {
  return record.status >= 500 || info(record.failure).blame == Blame::kFunction;
}

[[gnu::cold]] void show(const AccessRecord& record, StatusBoard& board) {
  std::optional<TraceContext> context;
  if (record.span != nullptr) {
    context = record.span->context();
  } else {
    context = received_context(record.request.fields);
  }
  board.end({.method = record.request.method,
             .target = record.request.target,
             .status = record.status,
             .duration = record.duration,
             .failure = info(record.failure).word,
             .detail = record.detail,
             .trace_id = context ? context->ids.trace_id() : std::string_view(),
             .failed = is_failure(record),
             .output = record.output});
}

}  // namespace

bool is_logged(const AccessRecord& record, const Config& config) {
  switch (config.access_log) {
    case AccessLog::kOff:
      return false;
    case AccessLog::kErrors:
      if (record.status < 400) return false;
      break;
    case AccessLog::kAll:
      break;
  }
  return !is_probe(record, config);
}

void record(const AccessRecord& record, const ServerContext& context) {
  const Config& config = context.config;
  const bool traced = record.span != nullptr && !is_probe(record, config);
  const bool sampled = traced && record.span->context().sampled;
  context.metrics.count_request(record.request.method, record.status, record.duration,
                                sampled ? &record.span->context().ids : nullptr);
  if (traced) end_span(record, context);
  if (context.status != nullptr && !is_probe(record, config)) show(record, *context.status);
  if (is_logged(record, config)) log_access(record, config);
}

}  // namespace watchdog

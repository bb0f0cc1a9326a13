#include "server/access_record.h"

#include <string>

#include "base/log.h"

namespace watchdog {

namespace {

// Only at the path that the configuration names for probes: a client that merely calls itself a
// probe could keep its requests out of the log.
bool is_kubernetes_probe(const RequestHead& request, const Config& config) {
  if (request.target != config.ready_path) return false;
  const Field* agent = request.fields.find("user-agent");
  return agent != nullptr && agent->value.starts_with("kube-probe/");
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
  return !is_kubernetes_probe(record.request, config);
}

void record(const AccessRecord& record, const Config& config, Metrics& metrics) {
  metrics.count_request(record.request.method, record.status, record.duration);
  if (!is_logged(record, config)) return;
  const bool as_json = config.log_format == log::Format::kJson;
  const std::string remote = as_json ? record.peer.text() : std::string();
  log::Access line{.method = record.request.method,
                   .target = record.request.target,
                   .status = record.status,
                   .reason = reason_phrase(record.status),
                   .failure = info(record.failure).word,
                   .detail = record.detail,
                   .remote = remote,
                   .bytes = record.body_bytes,
                   .duration = record.duration};
  if (config.log_call_id) {
    const Field* call_id = record.request.fields.find("x-call-id");
    line.call_id = call_id != nullptr ? call_id->value : std::string_view("none");
  }
  log::access(line);
}

}  // namespace watchdog

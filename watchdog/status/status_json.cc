#include "status/status_json.h"

#include <fmt/format.h>

#include <iterator>

#include "base/printable.h"
#include "base/text.h"
#include "base/utf8.h"
#include "base/version.h"
#include "status/pattern_text.h"
#include "trace/span_writer.h"

namespace watchdog {

namespace {

// As JSON has characters (RFC 8259 7): those beyond U+FFFF in two parts.
void append_escaped(std::string& out, char32_t character) {
  if (character > 0xffff) {
    append_escaped(out, 0xd800 + ((character - 0x10000) >> 10));
    character = 0xdc00 + (character & 0x3ff);
  }
  fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<uint32_t>(character));
}

// Who looks at it with curl should not be misled either.
void append_json(std::string& out, std::string_view text) {
  JsonText escaped;
  escaped.put_text(text);
  for (std::string_view rest = escaped.text(); !rest.empty();) {
    const char32_t character = utf8_character(rest);
    const size_t size = utf8_size(rest);
    if (is_unseen(character)) {
      append_escaped(out, character);
    } else {
      out.append(rest, 0, size);
    }
    rest.remove_prefix(size);
  }
}

// "2026-01-02T15:04:05Z" (RFC 3339).
std::string utc_time(std::time_t when) {
  tm parts{};
  gmtime_r(&when, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string seconds_text(Duration duration) {
  std::string text;
  append_seconds(text, duration, 6);
  return text;
}

// The object of a request that has ended, without its end.
void begin_request(PatternText& json, const StatusBoard::Ended& request) {
  json.put_element(R"({"time":"@","method":"@","target":"@","status":@,"duration_seconds":@)",
                   {utc_time(request.at), request.method, request.target,
                    static_cast<uint64_t>(request.status), seconds_text(request.duration)});
  if (!request.trace_id.empty()) json.put(R"(,"trace_id":"@")", {request.trace_id});
  if (!request.failure.empty()) json.put(R"(,"failure":"@")", {request.failure});
  if (!request.detail.empty()) json.put(R"(,"detail":"@")", {request.detail});
}

void write_requests(PatternText& json, const StatusReport& report) {
  json.put(R"(,"running":[)");
  for (const auto& request : report.requests.running) {
    json.put_element(R"({"method":"@","target":"@","age_seconds":@,"phase":"@"})",
                     {request.method, request.target,
                      seconds_text(report.moment.now - request.since), name_of(request.phase)});
  }
  json.put(R"(],"ended":[)");
  for (const auto& request : report.requests.ended) {
    begin_request(json, request);
    json.put("}");
  }
  json.put(R"(],"failed":[)");
  for (const auto& failed : report.requests.failed) {
    begin_request(json, failed.request);
    json.put(R"(,"stderr":[)");
    for (const std::string& line : failed.lines) json.put_element(R"("@")", {line});
    json.put("]}");
  }
}

void write_instances(PatternText& json, const StatusReport& report) {
  json.put(R"(],"instances":[)");
  for (const auto& instance : report.instances) {
    json.put_element(R"({"url":"@","state":"@","in_flight":@,"pid":)",
                     {instance.url, instance.state, instance.in_flight});
    instance.pid == 0 ? json.put("null}") : json.put("@}", {static_cast<uint64_t>(instance.pid)});
  }
}

void write_settings(PatternText& json, const StatusReport& report) {
  json.put(R"(],"configuration":[)");
  for (const auto& setting : report.settings) {
    const bool is_set = !setting.value.empty();
    json.put_element(is_set ? R"({"name":"@","from":"@","value":"@"})"
                            : R"({"name":"@","from":"@","value":null@})",
                     {setting.name, setting.from, setting.value});
  }
}

}  // namespace

std::string status_json(const StatusReport& report) {
  const StatusMoment& moment = report.moment;
  PatternText json(append_json);
  json.put(R"({"version":"@","mode":"@","command":"@","started":"@","uptime_seconds":@,)",
           {std::string_view(kVersion), report.mode, report.command, utc_time(moment.started_at),
            seconds_text(moment.uptime)});
  json.put(R"("stage":"@","healthy":@,"running_count":@,"queued_count":@,"max_inflight":@,)",
           {moment.stage, moment.healthy ? "true" : "false", report.requests.running_count,
            moment.queued, report.max_inflight});
  json.put(R"("ended_count":@,"failed_count":@)",
           {report.requests.ended_count, report.requests.failed_count});
  write_requests(json, report);
  write_instances(json, report);
  write_settings(json, report);
  json.put("]}\n");
  return json.take();
}

}  // namespace watchdog

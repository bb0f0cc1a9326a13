#include "base/log_format.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "base/printable.h"
#include "base/terminal_line.h"
#include "base/text.h"
#include "base/utf8.h"

namespace watchdog::log {

namespace {

using Json = nlohmann::ordered_json;

// JSON makes six bytes of one at most, and eleven of one in an access line, which says it twice.
constexpr size_t kMostOfMessage = 10'000;
constexpr size_t kMostOfTarget = 4096;
constexpr size_t kMostOfDetail = 1024;
constexpr size_t kMostOfWord = 256;  // a method, a call's id
constexpr std::string_view kCut = "[cut]";

// "2026-01-02T15:04:05.123Z" (RFC 3339).
std::string utc_time() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  tm parts{};
  gmtime_r(&now.tv_sec, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     now.tv_nsec / 1'000'000);
}

std::string_view level_name(Level level) {
  switch (level) {
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      return "error";
  }
  return "";
}

std::string_view source_name(Source source) {
  return source == Source::kOut ? "stdout" : "stderr";
}

Json json_line(Level level, std::string_view message) {
  return {{"time", utc_time()}, {"level", level_name(level)}, {"msg", message}};
}

void add_ids(Json& line, const TraceIds* trace) {
  if (trace == nullptr) return;
  line["trace_id"] = trace->trace_id();
  line["span_id"] = trace->span_id();
}

Json json_function_line(Source source, std::string_view text, const TraceIds* trace) {
  Json line = json_line(Level::kInfo, text);
  line["stream"] = source_name(source);
  add_ids(line, trace);
  return line;
}

std::string dump(const Json& line) {
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// How many bytes dump() makes of the `size` bytes of the character at the start of `text`; `size`
// is 0 where they are no UTF-8.
size_t json_size(std::string_view text, size_t size) {
  if (size == 0) return 3;  // U+FFFD
  if (size > 1) return size;
  switch (text[0]) {
    case '"':
    case '\\':
    case '\b':
    case '\f':
    case '\n':
    case '\r':
    case '\t':
      return 2;
    default:
      return static_cast<unsigned char>(text[0]) < 0x20 ? 6 : 1;
  }
}

// `text`, or what is kept of it, in `kept`.
std::string_view shortened(std::string_view text, size_t most, std::string& kept) {
  if (text.size() <= most) return text;
  return kept.assign(text.substr(0, utf8_boundary(text, most))).append(kCut);
}

std::string access_text(const Access& access) {
  std::string text;
  append_printable(text, access.method);
  text += ' ';
  append_printable(text, access.target);
  append_number(text.append(" - "), static_cast<uint64_t>(access.status));
  text.append(" ").append(access.reason).append(" - ContentLength: ");
  append_seconds(text.append(human_size(access.bytes)).append(" ("), access.duration, 4);
  text += "s)";
  if (!access.failure.empty()) text.append(" - ").append(access.failure);
  if (!access.detail.empty()) {
    append_printable(text.append(access.failure.empty() ? " - " : ": "), access.detail);
  }
  if (access.call_id) {
    append_printable(text.append(" ["), *access.call_id);
    text += ']';
  }
  return text;
}

void add_seconds(Json& line, const char* name, std::optional<Duration> duration) {
  if (duration) line[name] = seconds(*duration);
}

Json access_json(const Access& access) {
  const Level level = access.status >= 500 ? Level::kError : Level::kInfo;
  Json line = json_line(level, access_text(access));
  line["event"] = "request";
  line["method"] = access.method;
  line["path"] = access.target;
  line["status"] = access.status;
  line["bytes"] = access.bytes;
  line["duration_seconds"] = seconds(access.duration);
  line["duration_s"] = seconds(access.duration);
  add_seconds(line, "queue_s", access.queued);
  add_seconds(line, "spawn_s", access.spawned);
  line["remote"] = access.remote;
  if (access.call_id) line["call_id"] = *access.call_id;
  if (!access.failure.empty()) line["failure"] = access.failure;
  if (!access.detail.empty()) line["detail"] = access.detail;
  add_ids(line, access.trace);
  return line;
}

}  // namespace

// Formatted once a second.
std::string_view LineFormat::stamp() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (now.tv_sec == second_) return stamp_;
  second_ = now.tv_sec;
  tm parts{};
  localtime_r(&second_, &parts);
  stamp_ = fmt::format("{:04}/{:02}/{:02} {:02}:{:02}:{:02} ", parts.tm_year + 1900,
                       parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
  return stamp_;
}

std::string_view LineFormat::message(Level level, std::string_view text, bool terminal) {
  std::string kept;
  text = shortened(text, kMostOfMessage, kept);
  if (settings_.format == Format::kJson) return line_ = dump(json_line(level, text));
  std::string message;
  if (level == Level::kWarning) message = "Warning: ";
  if (level == Level::kError) message = "Error: ";
  append_printable(message, text);
  if (terminal && settings_.colours_on_terminals) {
    return line_ = terminal_message(clock(), level, message);
  }
  return line_.assign(stamp()).append(message);
}

std::string_view LineFormat::event(Level level, std::string_view event, std::string_view text,
                                   Parts parts, bool terminal) {
  if (settings_.format == Format::kText) return message(level, text, terminal);
  std::string kept;
  Json line = json_line(level, shortened(text, kMostOfMessage / 2, kept));
  line["event"] = event;
  for (const Part& part : parts) {
    if (part.name == nullptr) continue;
    Json& value = line[part.name];
    if (const auto* words = std::get_if<std::string_view>(&part.value)) {
      value = shortened(*words, kMostOfDetail, kept);
    } else if (const auto* number = std::get_if<int64_t>(&part.value)) {
      value = *number;
    } else {
      value = std::get<double>(part.value);
    }
  }
  return line_ = dump(line);
}

std::string_view LineFormat::access(const Access& whole, bool terminal) {
  std::array<std::string, 4> kept;
  Access access = whole;
  access.method = shortened(whole.method, kMostOfWord, kept[0]);
  access.target = shortened(whole.target, kMostOfTarget, kept[1]);
  access.detail = shortened(whole.detail, kMostOfDetail, kept[2]);
  if (whole.call_id) access.call_id = shortened(*whole.call_id, kMostOfWord, kept[3]);
  if (settings_.format == Format::kJson) return line_ = dump(access_json(access));
  if (terminal && settings_.colours_on_terminals) {
    line_ = terminal_access(clock(), access);
  } else {
    line_.assign(stamp()).append(access_text(access));
  }
  append_ids(access.trace);
  return line_;
}

void LineFormat::append_ids(const TraceIds* trace) {
  if (trace == nullptr || !settings_.trace_ids_in_text) return;
  constexpr std::string_view kTrace = " trace_id=";
  constexpr std::string_view kSpan = " span_id=";
  line_.append(kTrace).append(trace->trace_id()).append(kSpan).append(trace->span_id());
}

std::string_view LineFormat::function_line(Source source, std::string_view text, bool terminal,
                                           const TraceIds* trace) {
  if (settings_.format == Format::kJson) {
    return line_ = dump(json_function_line(source, text, trace));
  }
  if (terminal && settings_.colours_on_terminals && settings_.prefix_function_lines) {
    line_ = terminal_function_line(clock(), source_name(source), text);
    append_ids(trace);
    return line_;
  }
  line_.clear();
  if (settings_.prefix_function_lines) {
    line_.append(stamp()).append(source_name(source)).append(": ");
  }
  // Whoever reads the log of a pipe or file gets what the function wrote, byte by byte.
  if (terminal) {
    append_printable_line(line_, text);
  } else {
    line_.append(text);
  }
  if (settings_.prefix_function_lines) append_ids(trace);
  return line_;
}

size_t LineFormat::fitting(Source source, std::string_view text, size_t longest,
                           const TraceIds* trace) {
  const size_t frame = function_line(source, {}, false, trace).size() + 1;  // its newline
  const size_t room = longest > frame + 1 ? longest - frame - 1 : 0;
  if (settings_.format == Format::kText) {
    return text.size() <= room ? text.size() : utf8_boundary(text, room);
  }
  size_t fits = 0;
  for (size_t taken = 0; fits < text.size();) {
    const std::string_view rest = text.substr(fits);
    const size_t size = utf8_size(rest);
    taken += json_size(rest, size);
    if (taken > room) break;
    fits += size == 0 ? 1 : size;
  }
  return fits;
}

}  // namespace watchdog::log

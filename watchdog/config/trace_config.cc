#include "config/trace_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "base/text.h"
#include "config/option_types.h"
#include "trace/resource.h"

namespace watchdog {

namespace {

using Kind = Sampler::Kind;

constexpr Word<Kind> kSamplers[] = {
    {"always_on", Kind::kAlwaysOn},
    {"always_off", Kind::kAlwaysOff},
    {"traceidratio", Kind::kTraceIdRatio},
    {"parentbased_always_on", Kind::kParentBasedAlwaysOn},
    {"parentbased_always_off", Kind::kParentBasedAlwaysOff},
    {"parentbased_traceidratio", Kind::kParentBasedTraceIdRatio},
};
constexpr std::string_view kOfSamplers = "a sampler";

constexpr std::string_view kEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
constexpr std::string_view kTracesEndpoint = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
constexpr std::string_view kTls = "https://";
constexpr std::string_view kWithoutTls =
    "spans are sent without TLS; name a collector beside the function, such as "
    "http://127.0.0.1:4318, or give the watchdog --otel-sdk-disabled true";

// Reads values one by one and keeps what is wrong with them.
class Reader {
 public:
  explicit Reader(std::vector<std::string>& errors) : errors_(errors) {}

  void refuse(std::string_view name, std::string_view value, std::string_view why) {
    errors_.push_back(fmt::format("{}={}: {}", name, value, why));
  }
  template <typename T>
  T take(std::string_view name, std::string_view value, Result<T> parsed, T otherwise) {
    if (parsed) return std::move(*parsed);
    refuse(name, value, parsed.error());
    return otherwise;
  }
  Duration milliseconds(std::string_view name, std::string_view value) {
    return std::chrono::milliseconds(number(name, value, 1));
  }
  int64_t number(std::string_view name, std::string_view value, int64_t least) {
    constexpr int64_t kMost = 1'000'000'000;
    return take(name, value, parse_integer(value, least, kMost), least);
  }

 private:
  std::vector<std::string>& errors_;
};

HttpUrl collector(const Config& config, Reader& reader) {
  const bool whole = !config.otlp_traces_endpoint.empty();
  const std::string& given = whole ? config.otlp_traces_endpoint : config.otlp_endpoint;
  const std::string_view name = whole ? kTracesEndpoint : kEndpoint;
  if (starts_with_ignoring_case(given, kTls)) {
    reader.refuse(name, given, kWithoutTls);
    return {};
  }
  std::string text = given;
  if (!whole) text += text.ends_with('/') ? "v1/traces" : "/v1/traces";
  return reader.take(name, given, parse_http_url(text), HttpUrl{});
}

bool is_token(std::string_view name) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return std::ranges::all_of(name, [kMarks](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

bool is_field(std::string_view name, std::string_view value) {
  return is_token(name) && std::ranges::all_of(value, [](char c) {
           return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
         });
}

// Their values are secrets, and not printed.
std::string collector_fields(const Config& config, Reader& reader) {
  constexpr std::string_view kName = "OTEL_EXPORTER_OTLP_HEADERS";
  std::string fields = "Content-Type: application/json\r\n";
  for (const auto& [name, value] :
       reader.take(kName, "...", parse_key_values(config.otlp_headers), KeyValues{})) {
    if (!is_field(name, value)) {
      reader.refuse(kName, "...", "a field's name or value has characters that it cannot have");
      continue;
    }
    append_field(fields, name, value);
  }
  return fields;
}

std::string_view variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

}  // namespace

bool has_traces(const Config& config) {
  if (config.otlp_endpoint.empty() && config.otlp_traces_endpoint.empty()) return false;
  return !equals_ignoring_case(config.otel_disabled, "true") &&
         config.otel_traces_exporter != "none";
}

std::vector<std::string_view> sampler_words() {
  return words_of<kSamplers>();
}

TraceSettings trace_settings(const Config& config, std::vector<std::string>& errors) {
  Reader reader(errors);
  const Kind kind = reader.take("OTEL_TRACES_SAMPLER", config.otel_sampler,
                                parse_word<Kind, kSamplers, kOfSamplers>(config.otel_sampler),
                                Kind::kParentBasedAlwaysOn);
  const double ratio = reader.take("OTEL_TRACES_SAMPLER_ARG", config.otel_sampler_arg,
                                   parse_ratio(config.otel_sampler_arg), 1.0);
  const KeyValues attributes =
      reader.take("OTEL_RESOURCE_ATTRIBUTES", config.otel_resource_attributes,
                  parse_key_values(config.otel_resource_attributes), KeyValues{});
  if (config.otlp_compression != "none") {
    reader.refuse("OTEL_EXPORTER_OTLP_COMPRESSION", config.otlp_compression,
                  "spans are not compressed; it accepts none, for the watchdog alone as "
                  "--otel-exporter-otlp-compression none");
  }
  TraceSettings settings{
      .sampler = Sampler(kind, ratio),
      .url = collector(config, reader),
      .fields = collector_fields(config, reader),
      .resource = resource_json(config.otel_service_name, attributes, variable),
      .timeout = reader.milliseconds("OTEL_EXPORTER_OTLP_TIMEOUT", config.otlp_timeout),
      .delay = reader.milliseconds("OTEL_BSP_SCHEDULE_DELAY", config.bsp_schedule_delay),
      .most_waiting = static_cast<size_t>(
          reader.number("OTEL_BSP_MAX_QUEUE_SIZE", config.bsp_max_queue_size, 1)),
      .most_in_batch = static_cast<size_t>(
          reader.number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", config.bsp_max_export_batch_size, 1))};
  settings.most_in_batch = std::min(settings.most_in_batch, settings.most_waiting);
  return settings;
}

}  // namespace watchdog

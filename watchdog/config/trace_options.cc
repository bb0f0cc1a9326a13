#include "config/options.h"
#include "config/trace_config.h"

namespace watchdog {

namespace {

// The names and the defaults are OpenTelemetry's, so that the function and its watchdog can have
// the same environment. For the same reason no value is refused here that an SDK might take, and no
// option warns that it has no effect: trace_settings() asks only where spans are sent.
constexpr OptionGroup kTraceGroup{"Traces"};

constexpr Text kSampler = {"SAMPLER", parse_field_value, print_text, sampler_words};

constexpr Option kTraceOptions[] = {
    {.name = "OTEL_EXPORTER_OTLP_ENDPOINT",
     .group = &kTraceGroup,
     .value = bind<&Config::otlp_endpoint, kFieldValue>(),
     .meaning = "the collector that gets a span for each request, at /v1/traces below this URL, "
                "such as http://127.0.0.1:4318; unset: there are no spans"},
    {.name = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
     .group = &kTraceGroup,
     .value = bind<&Config::otlp_traces_endpoint, kFieldValue>(),
     .meaning = "the same with its whole path; it wins"},
    {.name = "OTEL_EXPORTER_OTLP_HEADERS",
     .alias = "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
     .group = &kTraceGroup,
     .value = bind<&Config::otlp_headers, kFieldValue>().kept_secret(),
     .meaning = "header fields for the collector: name1=value1,name2=value2, percent-encoded"},
    {.name = "OTEL_EXPORTER_OTLP_TIMEOUT",
     .alias = "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
     .group = &kTraceGroup,
     .value = bind<&Config::otlp_timeout, kFieldValue>(),
     .usual = {"10000"},
     .meaning = "how long the collector may take for a batch, in milliseconds"},
    {.name = "OTEL_EXPORTER_OTLP_COMPRESSION",
     .alias = "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION",
     .group = &kTraceGroup,
     .value = bind<&Config::otlp_compression, kFieldValue>(),
     .usual = {"none"},
     .meaning =
         "none is all there is: to a collector beside the function, gzip would cost more CPU "
         "than all the rest of a span"},
    {.name = "OTEL_SERVICE_NAME",
     .group = &kTraceGroup,
     .value = bind<&Config::otel_service_name, kFieldValue>(),
     .usual = {"OPENFAAS_NAME, K_SERVICE", true},
     .meaning = "what the spans call the function"},
    {.name = "OTEL_RESOURCE_ATTRIBUTES",
     .group = &kTraceGroup,
     .value = bind<&Config::otel_resource_attributes, kFieldValue>(),
     .meaning = "what else they say of it: key1=value1,key2=value2, percent-encoded"},
    {.name = "OTEL_TRACES_SAMPLER",
     .group = &kTraceGroup,
     .value = bind<&Config::otel_sampler, kSampler>(),
     .usual = {"parentbased_always_on"},
     .meaning = "which traces are recorded: always_on, always_off or traceidratio; with "
                "parentbased_ before it, as the request says, and so where it says nothing"},
    {.name = "OTEL_TRACES_SAMPLER_ARG",
     .group = &kTraceGroup,
     .value = bind<&Config::otel_sampler_arg, kFieldValue>(),
     .usual = {"1.0"},
     .meaning = "the ratio of traceidratio, from 0 to 1"},
    {.name = "OTEL_TRACES_EXPORTER",
     .group = &kTraceGroup,
     .value = bind<&Config::otel_traces_exporter, kFieldValue>(),
     .usual = {"otlp"},
     .meaning = "none: there are no spans"},
    {.name = "OTEL_SDK_DISABLED",
     .group = &kTraceGroup,
     .value = bind<&Config::otel_disabled, kFieldValue>(),
     .usual = {"false"},
     .meaning = "true: there are no spans"},
    {.name = "OTEL_BSP_SCHEDULE_DELAY",
     .group = &kTraceGroup,
     .value = bind<&Config::bsp_schedule_delay, kFieldValue>(),
     .usual = {"5000"},
     .meaning = "how long a batch waits for more spans, in milliseconds"},
    {.name = "OTEL_BSP_MAX_QUEUE_SIZE",
     .group = &kTraceGroup,
     .value = bind<&Config::bsp_max_queue_size, kFieldValue>(),
     .usual = {"2048"},
     .meaning = "spans that may wait; more are dropped, and counted in "
                "fwatchdog_spans_dropped_total"},
    {.name = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
     .group = &kTraceGroup,
     .value = bind<&Config::bsp_max_export_batch_size, kFieldValue>(),
     .usual = {"512"},
     .meaning = "spans in a batch"},
};

}  // namespace

std::span<const Option> trace_options() {
  return kTraceOptions;
}

}  // namespace watchdog

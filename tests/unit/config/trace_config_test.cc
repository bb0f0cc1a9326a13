#include "config/trace_config.h"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "config/config_reader.h"
#include "config/options.h"

using namespace watchdog;

namespace {

ConfigOutcome outcome_of(std::map<std::string, std::string> environment) {
  environment.insert({"fprocess", "cat"});
  std::vector<Setting> settings;
  for (const auto& [name, value] : environment) {
    settings.push_back({name, value, Setting::From::kEnvironment});
  }
  return read_config(settings, {});
}

TraceSettings settings_of_environment(const std::map<std::string, std::string>& environment) {
  const ConfigOutcome outcome = outcome_of(environment);
  REQUIRE(outcome.errors.empty());
  REQUIRE(has_traces(outcome.config));
  std::vector<std::string> errors;
  return trace_settings(outcome.config, errors);
}

constexpr const char* kEndpointOption = "OTEL_EXPORTER_OTLP_ENDPOINT";
constexpr const char* kCollector = "http://127.0.0.1:4318";

}  // namespace

TEST_CASE("there are traces where an endpoint is set") {
  CHECK_FALSE(has_traces(outcome_of({}).config));
  CHECK(has_traces(outcome_of({{kEndpointOption, kCollector}}).config));
  CHECK(has_traces(outcome_of({{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", kCollector}}).config));
}

TEST_CASE("there are none where the SDK is disabled, or the exporter is none") {
  for (const char* word : {"true", "TRUE"}) {
    CHECK_FALSE(has_traces(
        outcome_of({{kEndpointOption, kCollector}, {"OTEL_SDK_DISABLED", word}}).config));
  }
  CHECK(has_traces(outcome_of({{kEndpointOption, kCollector}, {"OTEL_SDK_DISABLED", "1"}}).config));
  CHECK_FALSE(has_traces(
      outcome_of({{kEndpointOption, kCollector}, {"OTEL_TRACES_EXPORTER", "none"}}).config));
}

TEST_CASE("an endpoint of all signals gets a path, one of traces is taken as it is, and wins") {
  CHECK(settings_of_environment({{kEndpointOption, kCollector}}).url.target == "/v1/traces");
  CHECK(settings_of_environment({{kEndpointOption, "http://c/base/"}}).url.target ==
        "/base/v1/traces");
  const auto both =
      settings_of_environment({{kEndpointOption, kCollector},
                               {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://tempo:80/in"}});
  CHECK(both.url.target == "/in");
  CHECK(both.url.authority.host == "tempo");
}

TEST_CASE("the defaults are OpenTelemetry's") {
  const auto settings = settings_of_environment({{kEndpointOption, kCollector}});
  CHECK(settings.timeout == std::chrono::seconds(10));
  CHECK(settings.delay == std::chrono::seconds(5));
  CHECK(settings.most_waiting == 2048);
  CHECK(settings.most_in_batch == 512);
  CHECK(settings.sampler.samples("4bf92f3577b34da6a3ce929d0e0e4736", nullptr));
}

TEST_CASE("header fields are decoded and sent") {
  const auto settings = settings_of_environment(
      {{kEndpointOption, kCollector},
       {"OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20abc,x-team=a"}});
  CHECK(settings.fields ==
        "Content-Type: application/json\r\nauthorization: Bearer abc\r\nx-team: a\r\n");
}

TEST_CASE("a header field cannot bring another one, and its value is not printed") {
  for (const char* fields : {"a=b%0d%0aX: 1", "a b=1", "a:=1", "secret"}) {
    const auto errors =
        outcome_of({{kEndpointOption, kCollector}, {"OTEL_EXPORTER_OTLP_HEADERS", fields}}).errors;
    REQUIRE(errors.size() == 1);
    CHECK(errors[0].starts_with("OTEL_EXPORTER_OTLP_HEADERS=...: "));
  }
}

TEST_CASE("a value that cannot be used is refused with a line that says what is accepted") {
  const std::map<std::string, std::string> wrong = {
      {"OTEL_TRACES_SAMPLER", "jaeger_remote"}, {"OTEL_TRACES_SAMPLER_ARG", "2"},
      {"OTEL_EXPORTER_OTLP_TIMEOUT", "soon"},   {"OTEL_BSP_SCHEDULE_DELAY", "-1"},
      {"OTEL_BSP_MAX_QUEUE_SIZE", "0"},         {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "many"},
      {"OTEL_RESOURCE_ATTRIBUTES", "nothing"}};
  for (const auto& [name, value] : wrong) {
    const auto errors = outcome_of({{kEndpointOption, kCollector}, {name, value}}).errors;
    REQUIRE(errors.size() == 1);
    CHECK(errors[0].starts_with(name + "=" + value + ": "));
  }
}

TEST_CASE("an endpoint with TLS is refused in one line that says what to do") {
  const auto errors = outcome_of({{kEndpointOption, "https://traces.example"}}).errors;
  REQUIRE(errors.size() == 1);
  CHECK(
      errors[0].starts_with("OTEL_EXPORTER_OTLP_ENDPOINT=https://traces.example: spans are sent "
                            "without TLS; name a collector beside the function"));
}

TEST_CASE("what is meant for the function's own SDK does not stop a watchdog without traces") {
  CHECK(outcome_of({{kEndpointOption, "https://traces.example"}, {"OTEL_SDK_DISABLED", "true"}})
            .errors.empty());
  const ConfigOutcome outcome = outcome_of({{"OTEL_TRACES_SAMPLER", "jaeger_remote"},
                                            {"OTEL_SERVICE_NAME", "greet"},
                                            {"OTEL_EXPORTER_OTLP_HEADERS", "x"}});
  CHECK(outcome.errors.empty());
  CHECK(outcome.warnings.empty());
}

TEST_CASE("OpenTelemetry's names are in lower case on the command line") {
  CHECK(long_option("OTEL_SERVICE_NAME") == "otel-service-name");
}

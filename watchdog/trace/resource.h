#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace watchdog {

using KeyValues = std::vector<std::pair<std::string, std::string>>;

// Takes "key1=value1,key2=value2", percent-encoded, as OpenTelemetry's variables have it.
Result<KeyValues> parse_key_values(std::string_view text);

// Returns a variable of the environment; empty where it is not set.
using Variable = std::function<std::string_view(const char* name)>;

// Returns whose spans these are, as the attributes of an OTLP resource: what the user says in
// `service` (OTEL_SERVICE_NAME) and `attributes`, in this order, and then what OpenFaaS, Knative
// and Kubernetes say of the function and its pod.
std::string resource_json(std::string_view service, const KeyValues& attributes,
                          const Variable& variable);

}  // namespace watchdog

#include "trace/resource.h"

#include <algorithm>

#include "base/text.h"
#include "base/version.h"
#include "trace/span_writer.h"

namespace watchdog {

namespace {

// Attributes, of which the first value of each key counts.
class Attributes {
 public:
  void add(std::string_view key, std::string_view value) {
    if (value.empty() || has(key)) return;
    all_.emplace_back(key, value);
  }
  bool has(std::string_view key) const {
    return std::ranges::any_of(all_, [key](const auto& one) { return one.first == key; });
  }
  std::string json() const {
    JsonText json;
    for (const auto& [key, value] : all_) {
      if (!json.text().empty()) json.put(",");
      json.put(R"({"key":")");
      json.put_text(key);
      json.put(R"(","value":{"stringValue":")");
      json.put_text(value);
      json.put(R"("}})");
    }
    return std::string(json.text());
  }

 private:
  KeyValues all_;
};

std::string_view first_of(std::string_view a, std::string_view b) {
  return a.empty() ? b : a;
}

}  // namespace

Result<KeyValues> parse_key_values(std::string_view text) {
  KeyValues all;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    const std::string_view member = trim(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (member.empty()) continue;
    const size_t equals = member.find('=');
    const std::string_view key = trim(member.substr(0, equals));
    if (equals == std::string_view::npos || key.empty()) {
      return Error{"not a list of keys; it accepts key1=value1,key2=value2"};
    }
    const auto value = percent_decode(trim(member.substr(equals + 1)));
    if (!value) return Error{value.error()};
    all.emplace_back(key, *value);
  }
  return all;
}

std::string resource_json(std::string_view service, const KeyValues& attributes,
                          const Variable& variable) {
  const std::string_view function = first_of(variable("OPENFAAS_NAME"), variable("K_SERVICE"));
  const std::string_view pod = first_of(variable("POD_NAME"), variable("HOSTNAME"));
  const bool in_kubernetes =
      !variable("KUBERNETES_SERVICE_HOST").empty() || !variable("POD_NAME").empty();
  Attributes all;
  all.add("service.name", service);
  for (const auto& [key, value] : attributes) all.add(key, value);
  all.add("service.name", first_of(function, "unknown_service:fwatchdog"));
  all.add("service.version", variable("K_REVISION"));
  all.add("faas.name", function);
  all.add("faas.version", variable("K_REVISION"));
  all.add("faas.instance", pod);
  if (in_kubernetes) all.add("k8s.pod.name", pod);
  all.add("k8s.namespace.name",
          first_of(variable("POD_NAMESPACE"), variable("OPENFAAS_NAMESPACE")));
  all.add("host.name", variable("HOSTNAME"));
  all.add("telemetry.sdk.name", "fwatchdog");
  all.add("telemetry.sdk.language", "cpp");
  all.add("telemetry.sdk.version", kVersion);
  return all.json();
}

}  // namespace watchdog

#include "trace/resource.h"

#include <doctest/doctest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>

using namespace watchdog;

namespace {

using Attributes = std::map<std::string, std::string>;

Attributes resource(const Attributes& environment, std::string_view service = {},
                    std::string_view attributes = {}) {
  const auto variable = [&environment](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string_view() : std::string_view(found->second);
  };
  const std::string text = resource_json(service, *parse_key_values(attributes), variable);
  Attributes all;
  for (const auto& one : nlohmann::json::parse("[" + text + "]")) {
    CHECK_FALSE(all.contains(one["key"]));
    all[one["key"]] = one["value"]["stringValue"];
  }
  return all;
}

}  // namespace

TEST_CASE("a list of keys and values is percent-decoded") {
  const auto all = parse_key_values("a=1, b.c = x%2Cy%20z ,,d=");
  REQUIRE(all);
  CHECK(*all == KeyValues{{"a", "1"}, {"b.c", "x,y z"}, {"d", ""}});
  for (const std::string_view wrong : {"a", "=1", "a=1,b", "a=%zz"}) {
    CHECK_FALSE(parse_key_values(wrong));
  }
}

TEST_CASE("the service is what the user says, then the function, and else unknown") {
  const Attributes function = {{"OPENFAAS_NAME", "greet"}};
  CHECK(resource(function, "said", "service.name=listed").at("service.name") == "said");
  CHECK(resource(function, "", "service.name=listed").at("service.name") == "listed");
  CHECK(resource(function).at("service.name") == "greet");
  CHECK(resource({{"K_SERVICE", "hello"}}).at("service.name") == "hello");
  CHECK(resource({}).at("service.name") == "unknown_service:fwatchdog");
}

TEST_CASE("what the platform says of the function and its pod is in the resource") {
  const auto all = resource({{"K_SERVICE", "hello"},
                             {"K_REVISION", "hello-00002"},
                             {"HOSTNAME", "hello-00002-abc"},
                             {"KUBERNETES_SERVICE_HOST", "10.0.0.1"}});
  CHECK(all.at("faas.name") == "hello");
  CHECK(all.at("faas.version") == "hello-00002");
  CHECK(all.at("service.version") == "hello-00002");
  CHECK(all.at("faas.instance") == "hello-00002-abc");
  CHECK(all.at("k8s.pod.name") == "hello-00002-abc");
  CHECK(resource({{"POD_NAME", "pod"}, {"HOSTNAME", "h"}}).at("k8s.pod.name") == "pod");
}

TEST_CASE("outside of Kubernetes a host is no pod") {
  const auto all = resource({{"HOSTNAME", "machine"}});
  CHECK_FALSE(all.contains("k8s.pod.name"));
  CHECK(all.at("host.name") == "machine");
}

TEST_CASE("what the user says of the resource wins") {
  const auto all = resource({{"K_REVISION", "2"}}, "", "service.version=3,team=a%20b");
  CHECK(all.at("service.version") == "3");
  CHECK(all.at("team") == "a b");
}

#include "server/platform_probe.h"

#include <algorithm>
#include <array>
#include <string>

#include "server/page.h"

namespace watchdog {

namespace {

constexpr std::string_view kOfRevision = "probe";
constexpr std::array<std::string_view, 4> kNetworkProbes = {kOfRevision, "queue", "activator",
                                                            "autoscaler"};

}  // namespace

bool names_prober(const RequestHead& request) {
  const Field* const agent = request.fields.find("user-agent");
  if (agent == nullptr) return false;
  return agent->value.starts_with("kube-probe/") || agent->value.starts_with("GoogleHC/") ||
         (agent->value.starts_with("Knative-") && agent->value.ends_with("-Probe"));
}

std::string_view network_probe(const RequestHead& request) {
  const Field* const probe = request.fields.find("k-network-probe");
  return probe != nullptr ? probe->value : std::string_view();
}

void answer_network_probe(Exchange& exchange, std::string_view probe, const Health& health) {
  if (std::find(kNetworkProbes.begin(), kNetworkProbes.end(), probe) == kNetworkProbes.end()) {
    return answer_page(exchange, 400, "K-Network-Probe has a value that is not known here\n");
  }
  if (!health.healthy()) return answer_page(exchange, 503, "not healthy\n");
  ResponseHead head{.status = 200};
  const Field* const hash = exchange.request().fields.find("k-network-hash");
  if (probe == kOfRevision && hash != nullptr) head.fields.add("K-Network-Hash", hash->value);
  answer_page(exchange, std::move(head), probe);
}

}  // namespace watchdog

#pragma once

#include <string_view>

#include "http/message.h"
#include "server/exchange.h"
#include "server/health.h"

namespace watchdog {

// The probes of the platforms that run containers.

// Whether the request calls itself the probe of a platform, by its User-Agent: Kubernetes
// (kube-probe/), Google's load balancers (GoogleHC/) and Knative (Knative-Activator-Probe and its
// like).
bool names_prober(const RequestHead& request);

// The value of K-Network-Probe, by which Knative asks at any path whether requests can be served
// here; empty where the request is no such probe.
std::string_view network_probe(const RequestHead& request);

// Answers it as Knative's own parts do: 200, the value in the body, while we are healthy, else 503.
// "probe", which asks for a revision, gets its K-Network-Hash back. 400 for other values.
void answer_network_probe(Exchange& exchange, std::string_view probe, const Health& health);

}  // namespace watchdog

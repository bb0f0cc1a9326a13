#pragma once

#include <string>

#include "server/metrics_page.h"

namespace watchdog {

// What Prometheus reads of these numbers, where no server is kept warm.
inline std::string text_of(const Metrics& metrics,
                           Exposition::Format format = Exposition::Format::kText) {
  return metrics_page(metrics, FunctionState(), format);
}

}  // namespace watchdog

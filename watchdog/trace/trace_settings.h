#pragma once

#include <cstddef>
#include <string>

#include "base/time.h"
#include "http/http_url.h"
#include "trace/sampler.h"

namespace watchdog {

// Which traces are recorded, and where their spans go.
struct TraceSettings {
  Sampler sampler{Sampler::Kind::kParentBasedAlwaysOn};
  HttpUrl url{};            // of the collector
  std::string fields{};     // of each request to it, with CRLFs
  std::string resource{};   // whose spans these are: the attributes, as OTLP's JSON has them
  Duration timeout{};       // of a request to it
  Duration delay{};         // until a batch that is not full is sent
  size_t most_waiting = 0;  // spans
  size_t most_in_batch = 0;
};

}  // namespace watchdog

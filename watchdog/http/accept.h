#pragma once

#include <string_view>

#include "http/message.h"

namespace watchdog {

// What a response can be sent as: "text/plain", of version "0.0.4".
struct MediaType {
  std::string_view type;
  std::string_view version;
};

// Returns how much a client prefers a media type, in thousandths (RFC 9110 12.5.1): the weight of
// the most specific range that names it, of several such ranges the greatest; 0 where none does.
// Of the parameters of a range only `version` counts, as Prometheus adds some that name no other
// format. Without an Accept field everything is equally good.
int media_quality(const Fields& fields, const MediaType& offered);

}  // namespace watchdog

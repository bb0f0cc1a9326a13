#pragma once

#include <string_view>

#include "http/message.h"

namespace watchdog {

// Returns how much a client prefers a content coding, in thousandths (RFC 9110 12.5.3, 12.4.2); 0
// refuses it. Without an Accept-Encoding field only "identity" is acceptable.
int coding_quality(const Fields& fields, std::string_view coding);

}  // namespace watchdog

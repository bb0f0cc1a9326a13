#pragma once

#include <string_view>

#include "http/message.h"

namespace watchdog {

// How much a client likes a content coding, in thousandths (RFC 9110 12.5.3, 12.4.2): 0 is not at
// all. Without an Accept-Encoding field only "identity" is welcome.
int coding_quality(const Fields& fields, std::string_view coding);

}  // namespace watchdog

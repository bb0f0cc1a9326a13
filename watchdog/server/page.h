#pragma once

#include <string_view>

#include "http/message.h"
#include "server/exchange.h"
#include "server/health.h"

namespace watchdog {

inline constexpr std::string_view kPlainText = "text/plain; charset=utf-8";

// Answers with a page of ours, which is for GET and HEAD (RFC 9110 15.5.6); others get 405. OPTIONS
// gets the page as well, as Knative's probe for HTTP/2 asks so. It is neither logged nor counted.
void answer_page(Exchange& exchange, ResponseHead head, std::string_view body,
                 std::string_view type = kPlainText);
void answer_page(Exchange& exchange, int status, std::string_view body);

// /_/health.
void answer_health(Exchange& exchange, const Health& health);

}  // namespace watchdog

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace watchdog {

// Decodes what RFC 7515 2 calls base64url: the alphabet of RFC 4648 5 without padding. There is one
// text for any bytes: white space, '=', '+', '/', a length that no bytes have, and bits behind the
// last byte that are not 0 (RFC 4648 3.5) are refused.
std::optional<std::string> decode_base64url(std::string_view text);

}  // namespace watchdog

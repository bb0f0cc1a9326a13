#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace watchdog {

// The host and the port of a URL (RFC 3986 3.2).
struct Authority {
  std::string host;  // an IPv6 address without its brackets
  uint16_t port = 0;

  // "host" or "host:port", as a client sends it in Host; `usual` is the port that is left out.
  std::string text(uint16_t usual = 80) const;
};

// Takes "host", where `usual` is not 0, or "host:port"; an IPv6 address stands in brackets. Returns
// false for anything else.
bool parse_authority(std::string_view text, uint16_t usual, Authority& authority);

// Where something can be fetched over HTTP, without TLS.
struct HttpUrl {
  Authority authority;
  std::string target;  // path and query, "/" at the least
};

// Takes http://host[:port][/path][?query]. The error says in a few words what is wrong.
Result<HttpUrl> parse_http_url(std::string_view text);

}  // namespace watchdog

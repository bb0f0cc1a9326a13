#include "http/http_url.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "base/text.h"

namespace watchdog {

namespace {

bool is_plain_host(std::string_view host) {
  return !host.empty() && host.find_first_of("/?#@[]:\\ ") == std::string_view::npos;
}

// Whether it can stand in a request line as it is (RFC 3986 2).
bool is_target(std::string_view target) {
  return std::ranges::all_of(target, [](char c) { return c > ' ' && c < 0x7f && c != '#'; });
}

}  // namespace

std::string Authority::text(uint16_t usual) const {
  const bool six = host.find(':') != std::string::npos;
  const std::string name = six ? fmt::format("[{}]", host) : host;
  return port == usual ? name : fmt::format("{}:{}", name, port);
}

bool parse_authority(std::string_view text, uint16_t usual, Authority& authority) {
  authority.port = usual;
  const size_t colon = text.rfind(':');
  const bool has_port = colon != std::string_view::npos && !text.ends_with(']');
  if (has_port) {
    const auto port = parse_integer(text.substr(colon + 1), 1, 65535);
    if (!port) return false;
    authority.port = static_cast<uint16_t>(*port);
    text = text.substr(0, colon);
  } else if (usual == 0) {
    return false;
  }
  if (text.starts_with('[') && text.ends_with(']')) {
    authority.host = text.substr(1, text.size() - 2);
    in6_addr six{};
    return inet_pton(AF_INET6, authority.host.c_str(), &six) == 1;
  }
  authority.host = text;
  return is_plain_host(text);
}

Result<HttpUrl> parse_http_url(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  if (text.starts_with("https://")) {
    return Error{"TLS to the outside is not spoken; it accepts http://host:port/path"};
  }
  HttpUrl url;
  const bool http = text.starts_with(kScheme);
  if (http) text.remove_prefix(kScheme.size());
  const size_t end = std::min(text.find_first_of("/?#"), text.size());
  const std::string_view target = text.substr(end);
  url.target = (target.starts_with('/') ? "" : "/") + std::string(target);
  if (!http || !parse_authority(text.substr(0, end), 80, url.authority) || !is_target(url.target)) {
    return Error{"not a URL; it accepts http://host:port/path"};
  }
  return url;
}

}  // namespace watchdog

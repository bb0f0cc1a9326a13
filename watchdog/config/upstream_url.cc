#include "config/upstream_url.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include "base/text.h"

namespace watchdog {

namespace {

constexpr std::string_view kAccepted =
    "it accepts http://host:port/prefix, unix:/path or fastcgi://host:port";

constexpr std::string_view kPortPlaceholder = "{port}";

bool drop(std::string_view& text, std::string_view start) {
  if (!text.starts_with(start)) return false;
  text.remove_prefix(start.size());
  return true;
}

bool is_host(std::string_view host) {
  return !host.empty() && host.find_first_of("/?#@[]:\\ ") == std::string_view::npos;
}

// host:port; an IPv6 address in brackets.
bool read_authority(std::string_view text, bool needs_port, UpstreamUrl& url) {
  const size_t colon = text.rfind(':');
  const bool has_port = colon != std::string_view::npos && !text.ends_with(']');
  if (has_port) {
    const auto port = parse_integer(text.substr(colon + 1), 1, 65535);
    if (!port) return false;
    url.port = static_cast<uint16_t>(*port);
    text = text.substr(0, colon);
  } else if (needs_port) {
    return false;
  }
  if (text.starts_with('[') && text.ends_with(']')) {
    url.host = text.substr(1, text.size() - 2);
    in6_addr six{};
    return inet_pton(AF_INET6, url.host.c_str(), &six) == 1;
  }
  url.host = text;
  return is_host(text);
}

bool read_http(std::string_view text, UpstreamUrl& url) {
  const size_t path = std::min(text.find('/'), text.size());
  url.prefix = text.substr(path);
  while (url.prefix.ends_with('/')) url.prefix.pop_back();
  const bool plain_path = url.prefix.find_first_of("?#") == std::string::npos;
  return plain_path && read_authority(text.substr(0, path), false, url);
}

bool read(std::string_view text, UpstreamUrl& url) {
  if (text.find_first_of(" \t\r\n") != std::string_view::npos) return false;
  if (drop(text, "http://")) return read_http(text, url);
  if (drop(text, "fastcgi://")) {
    url.protocol = UpstreamUrl::Protocol::kFastcgi;
    return read_authority(text, true, url);
  }
  if (!drop(text, "unix:") || !text.starts_with('/')) return false;
  url.protocol = UpstreamUrl::Protocol::kAny;
  url.socket_path = text;
  return true;
}

}  // namespace

bool has_port_placeholder(std::string_view text) {
  return text.find(kPortPlaceholder) != std::string_view::npos;
}

std::string with_port(std::string_view text, uint16_t port) {
  std::string out(text);
  for (size_t at = out.find(kPortPlaceholder); at != std::string::npos;
       at = out.find(kPortPlaceholder)) {
    out.replace(at, kPortPlaceholder.size(), fmt::format("{}", port));
  }
  return out;
}

std::string UpstreamUrl::authority() const {
  if (host.empty()) return "localhost";
  const bool six = host.find(':') != std::string::npos;
  const std::string name = six ? fmt::format("[{}]", host) : host;
  return port == 80 ? name : fmt::format("{}:{}", name, port);
}

Result<std::vector<SocketAddress>> UpstreamUrl::addresses() const {
  if (!host.empty()) return resolve(host, port);
  const auto address = SocketAddress::unix_path(socket_path);
  if (!address) return Error{address.error()};
  return std::vector{*address};
}

Result<UpstreamUrl> parse_upstream_url(std::string_view text) {
  if (text.starts_with("https://")) {
    return Error{fmt::format("TLS to the function is not supported; {}", kAccepted)};
  }
  UpstreamUrl url;
  if (!read(text, url)) return Error{fmt::format("not an upstream; {}", kAccepted)};
  if (url.host.empty()) {
    const auto address = SocketAddress::unix_path(url.socket_path);
    if (!address) return Error{address.error()};
  }
  return url;
}

}  // namespace watchdog

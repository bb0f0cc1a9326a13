#include "config/upstream_url.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "http/http_url.h"

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

// As http/http_url.h has it, and `usual` too.
bool read_authority(std::string_view text, uint16_t usual, UpstreamUrl& url) {
  Authority authority;
  if (!parse_authority(text, usual, authority)) return false;
  url.host = std::move(authority.host);
  url.port = authority.port;
  return true;
}

bool read_http(std::string_view text, UpstreamUrl& url) {
  const size_t path = std::min(text.find('/'), text.size());
  url.prefix = text.substr(path);
  while (url.prefix.ends_with('/')) url.prefix.pop_back();
  const bool plain_path = url.prefix.find_first_of("?#") == std::string::npos;
  return plain_path && read_authority(text.substr(0, path), 80, url);
}

bool read(std::string_view text, UpstreamUrl& url) {
  if (text.find_first_of(" \t\r\n") != std::string_view::npos) return false;
  if (drop(text, "http://")) return read_http(text, url);
  if (drop(text, "fastcgi://")) {
    url.protocol = UpstreamUrl::Protocol::kFastcgi;
    return read_authority(text, 0, url);
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
  return host.empty() ? "localhost" : Authority{host, port}.text();
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

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/address.h"

namespace watchdog {

// Where the function's own server listens: http://host:port/prefix, unix:/path.sock, or
// fastcgi://host:port.
struct UpstreamUrl {
  enum class Protocol { kHttp, kFastcgi, kAny };  // kAny: unix sockets, whose mode decides

  Protocol protocol = Protocol::kHttp;
  std::string host;  // empty for a unix socket
  uint16_t port = 80;
  std::string socket_path;
  std::string prefix;  // of every target, without a slash at its end; mostly empty

  // What a client would send as Host.
  std::string authority() const;
  // Every address of it, in the order in which to try them.
  Result<std::vector<SocketAddress>> addresses() const;
};

Result<UpstreamUrl> parse_upstream_url(std::string_view text);

// "{port}" stands for the port of each of several instances.
bool has_port_placeholder(std::string_view text);
std::string with_port(std::string_view text, uint16_t port);

}  // namespace watchdog

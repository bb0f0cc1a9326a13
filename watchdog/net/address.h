#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace watchdog {

// One address of a socket, as the kernel takes it.
class SocketAddress {
 public:
  static SocketAddress ipv4(in_addr address, uint16_t port);
  static SocketAddress ipv6(const in6_addr& address, uint16_t port);
  // A unix socket; its path must be shorter than 108 bytes.
  static Result<SocketAddress> unix_path(std::string_view path);
  // "127.0.0.1", "::1".
  static Result<SocketAddress> numeric(std::string_view address, uint16_t port);

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const { return size_; }
  int family() const { return storage_.ss_family; }
  // Whether it is a loopback address (127.0.0.0/8 or ::1), whose kernel always answers.
  bool is_loopback() const;

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

// Returns every address of a host, in the order in which to try them. "localhost" is 127.0.0.1 and
// ::1 without a lookup, since an image without /etc/hosts has no other way to know; other names are
// looked up, which blocks and may take seconds.
Result<std::vector<SocketAddress>> resolve(const std::string& host, uint16_t port);

}  // namespace watchdog

#include "server/healthcheck.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cstring>
#include <string>
#include <string_view>

#include "base/fd.h"

namespace watchdog {

namespace {

constexpr timeval kPatience{.tv_sec = 2, .tv_usec = 0};
constexpr std::string_view kRequest =
    "GET /_/health HTTP/1.0\r\nHost: localhost\r\nUser-Agent: fwatchdog-healthcheck\r\n\r\n";

Fd connect_to(int family, const sockaddr* address, socklen_t size) {
  Fd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return fd;
  setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  if (::connect(fd.get(), address, size) != 0) fd.close();
  return fd;
}

Fd connect_to_watchdog(const Config& config) {
  const bool any = config.listen_address.empty() || config.listen_address == "localhost";
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_port = htons(config.port);
  const char* name = any ? "127.0.0.1" : config.listen_address.c_str();
  if (inet_pton(AF_INET, name, &four.sin_addr) == 1) {
    return connect_to(AF_INET, reinterpret_cast<const sockaddr*>(&four), sizeof four);
  }
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(config.port);
  if (inet_pton(AF_INET6, name, &six.sin6_addr) != 1) return Fd();
  return connect_to(AF_INET6, reinterpret_cast<const sockaddr*>(&six), sizeof six);
}

}  // namespace

bool run_healthcheck(const Config& config) {
  const Fd fd = connect_to_watchdog(config);
  if (!fd || ::send(fd.get(), kRequest.data(), kRequest.size(), MSG_NOSIGNAL) < 0) return false;
  constexpr std::string_view kHealthy = "HTTP/1.1 200 ";
  char response[kHealthy.size()];
  const ssize_t size = ::recv(fd.get(), response, sizeof response, MSG_WAITALL);
  return size > 0 && std::string_view(response, static_cast<size_t>(size)) == kHealthy;
}

}  // namespace watchdog

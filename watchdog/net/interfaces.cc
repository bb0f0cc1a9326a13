#include "net/interfaces.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <sys/socket.h>

#include <memory>

namespace watchdog {

namespace {

bool takes_outsiders(const ifaddrs& interface) {
  if ((interface.ifa_flags & IFF_UP) == 0 || (interface.ifa_flags & IFF_LOOPBACK) != 0) {
    return false;
  }
  if (interface.ifa_addr == nullptr) return false;
  return interface.ifa_addr->sa_family == AF_INET || interface.ifa_addr->sa_family == AF_INET6;
}

}  // namespace

bool reachable_from_outside() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return true;
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owned(list, ::freeifaddrs);
  for (const ifaddrs* interface = list; interface != nullptr; interface = interface->ifa_next) {
    if (takes_outsiders(*interface)) return true;
  }
  return false;
}

}  // namespace watchdog

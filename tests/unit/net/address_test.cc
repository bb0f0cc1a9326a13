#include "net/address.h"

#include <doctest/doctest.h>

using namespace watchdog;

TEST_CASE("loopback is what never leaves this machine") {
  for (const char* address : {"127.0.0.1", "127.200.0.9", "::1", "::ffff:127.0.0.1"}) {
    CAPTURE(address);
    CHECK(SocketAddress::numeric(address, 80)->is_loopback());
  }
  for (const char* address : {"0.0.0.0", "10.1.2.3", "128.0.0.1", "126.255.255.255",
                              "::", "fe80::1", "::ffff:10.0.0.1", "::2"}) {
    CAPTURE(address);
    CHECK_FALSE(SocketAddress::numeric(address, 80)->is_loopback());
  }
  CHECK_FALSE(SocketAddress::unix_path("/tmp/socket")->is_loopback());
}

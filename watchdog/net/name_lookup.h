#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/address.h"
#include "net/loop.h"

namespace watchdog {

// Looks up a host, as resolve() does, without blocking the loop. Destroying it gives up.
//
// getaddrinfo(3) cannot be interrupted, and may take many seconds: it runs on a thread of its own
// for this one call, which is left alone when the NameLookup goes, so that nobody, not even the end
// of the process, waits for it. Addresses need no thread, and start none: from the first one on,
// the C library locks at every turn.
class NameLookup {
 public:
  using Addresses = Result<std::vector<SocketAddress>>;

  // `on_done` runs once, on `loop`, never inside the constructor. It may destroy the NameLookup
  // only through Loop::retire().
  NameLookup(Loop& loop, std::string host, uint16_t port, std::function<void(Addresses)> on_done);
  ~NameLookup();
  NameLookup(const NameLookup&) = delete;
  NameLookup& operator=(const NameLookup&) = delete;

 private:
  struct Shared;

  void tell();

  std::function<void(Addresses)> on_done_;
  std::shared_ptr<Shared> shared_;  // with the thread
  Wakeup found_;
};

}  // namespace watchdog

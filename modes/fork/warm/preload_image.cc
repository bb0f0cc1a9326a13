#include "modes/fork/warm/preload_image.h"

#include <string_view>
#include <utility>

#include "base/fd.h"
#include "modes/fork/warm/memory_file.h"
#include "preload_bytes.h"

namespace watchdog {

namespace {

// Since Linux 6.3 it can be the rule that a memfd is not executable unless it says so.
constexpr unsigned kExecutable = 0x0010U;  // MFD_EXEC

Fd make_image() {
  const char* const name = "fwatchdog-preload";
  const std::string_view bytes(reinterpret_cast<const char*>(kPreloadBytes), sizeof kPreloadBytes);
  Fd image = make_memory_file(name, bytes, kExecutable);
  return image ? std::move(image) : make_memory_file(name, bytes);
}

}  // namespace

int preload_image() {
  static const Fd image = make_image();
  return image.get();
}

}  // namespace watchdog

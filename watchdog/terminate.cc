#include <unistd.h>

#include <string_view>

#include "base/exit_code.h"

// The standard handler for uncaught exceptions prints a demangled type name, for which the linker
// takes in 100 KB. We throw none; what is left is std::bad_alloc.
namespace __gnu_cxx {  // NOLINT(bugprone-reserved-identifier)
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming)
void __verbose_terminate_handler() {
  constexpr std::string_view kLine = "fwatchdog: out of memory: give the container more of it\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kLine.data(), kLine.size());
  ::_exit(watchdog::kExitInternal);
}
}  // namespace __gnu_cxx

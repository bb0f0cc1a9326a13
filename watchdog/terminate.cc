#include <cstdlib>

// The standard handler for uncaught exceptions prints a demangled type name, for which the linker
// takes in 100 KB. We throw none.
namespace __gnu_cxx {
void __verbose_terminate_handler() {
  std::abort();
}
}  // namespace __gnu_cxx

#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "net/signals.h"
#include "process/system.h"

int main(int argc, char** argv) {
  // As the program does, before anything else.
  watchdog::secure_descriptors();
  watchdog::block_signals();
  doctest::Context context(argc, argv);
  return context.run();
}

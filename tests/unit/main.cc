#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "net/signals.h"

int main(int argc, char** argv) {
  watchdog::block_signals();  // as the program does, before anything else
  doctest::Context context(argc, argv);
  return context.run();
}

#pragma once

#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"

namespace watchdog {

// The two ends of a pipe. The end that a child gets stays blocking; ours becomes non-blocking with
// its Stream.
struct Pipe {
  Fd read;
  Fd write;

  // Returns false, with errno, when no descriptors are left.
  bool open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    read = Fd(ends[0]);
    write = Fd(ends[1]);
    return true;
  }
};

}  // namespace watchdog

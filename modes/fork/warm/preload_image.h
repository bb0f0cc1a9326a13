#pragma once

namespace watchdog {

// Returns the memfd that has the library which is preloaded into programs (modes/fork/preload), for
// LD_PRELOAD=/proc/self/fd/N; -1 where the kernel gives none. Made at the first call, and kept for
// the life of the process. From any thread. It is sealed: a program can read it and no more.
int preload_image();

}  // namespace watchdog

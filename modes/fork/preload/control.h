#ifndef WATCHDOG_PRELOAD_CONTROL_H
#define WATCHDOG_PRELOAD_CONTROL_H

#include <stddef.h>
#include <stdint.h>

// What the watchdog and a program that waits for a request say to each other, over a pair of
// SOCK_SEQPACKET sockets: a message is a header, and for a request its variables behind it. Both
// sides are of the same build and the same machine, so numbers are as the machine has them. Shared
// by the watchdog (C++) and by the library that runs inside the program (C).
//
//   program -> watchdog   READY     it would read its input now. `value` is its interpreter,
//                                   `count` the number of its threads.
//   watchdog -> program   REQUEST   with the descriptors that become 0, 1 and 2; with IN_BLOCK a
//                                   fourth one, a memfd that has the variables.
//   program -> watchdog   FORKED    `value` is the process that is to go on with the request; it is
//                                   the watchdog's child by now. It may have said STARTED already.
//   process -> watchdog   STARTED   said by the process of the request itself, right before it goes
//                                   on. Who sent it the kernel says (SCM_CREDENTIALS).
//   program -> watchdog   FAILED    `value` is an errno; nothing runs for the request.
//
// A request is taken by the STARTED of its process, and only by it: a watchdog that does not want
// to wait any longer shuts the socket down, reads what is in it, and knows for certain that no
// process will go on with one of the requests that are left. So none is run twice.

#ifdef __cplusplus
extern "C" {
#endif
// NOLINTBEGIN(readability-identifier-naming): these are names of C.

enum {
  WARM_MAGIC = 0x6d726177,
  WARM_MOST_INLINE = 32 * 1024,           // bytes of variables inside a message
  WARM_MOST_VARIABLES = 8 * 1024 * 1024,  // bytes of variables in a block
  WARM_MOST_DESCRIPTORS = 4,              // that come with a request
};

enum warm_kind {
  WARM_READY = 1,
  WARM_REQUEST = 2,
  WARM_STARTED = 3,
  WARM_FAILED = 4,
  WARM_FORKED = 5,
};

enum warm_flags {
  WARM_ONCE = 1,      // the program itself is to be the request's process: do not fork
  WARM_IN_BLOCK = 2,  // the variables are in the memfd and not in the message
  WARM_PARENT = 4,    // in READY: it has child processes, which a fork could not wait for
};

enum warm_interpreter {
  WARM_UNKNOWN = 0,
  WARM_PYTHON = 1,
  WARM_PHP = 2,
  WARM_PERL = 3,
  WARM_BASH = 4,
};

struct warm_header {
  uint32_t magic;
  uint16_t kind;
  uint16_t flags;
  uint32_t id;     // of the request
  uint32_t bytes;  // of the variables
  uint32_t count;  // of the variables; in READY of the threads
  int32_t value;
};

// The environment variable that tells the library its descriptors, "SOCKET,LIBRARY", and behind
// them, where a wrapper has executed the program, device and inode of what 0, 1 and 2 were.
#define WARM_VARIABLE "FWATCHDOG_WARM"

// A request whose header and variables have been checked.
struct warm_request {
  struct warm_header header;
  const char* variables;  // inside the message; null where they are in the block
};

// Checks a message that claims to be a request, and that came with `descriptors` of them. Returns
// 0, or an errno.
int warm_parse_request(const void* message, size_t size, int descriptors,
                       struct warm_request* request);
// Whether `variables` are `count` texts "NAME=value", each ended by its NUL, in `size` bytes, with
// a name that is not empty.
int warm_are_variables(const char* variables, size_t size, uint32_t count);

// NOLINTEND(readability-identifier-naming)
#ifdef __cplusplus
}
#endif

#endif

#pragma once

#include <cstdint>

namespace watchdog {

// How far one attempt to send a part of a file came.
struct FileSent {
  uint64_t bytes = 0;  // handed to the kernel
  int error = 0;       // an errno; ENODATA: the file is shorter than that
};

// Hands `size` bytes of `file` from `offset` on to `socket`, as many as the kernel takes without
// waiting, without their passing through this process (sendfile(2)). No error and fewer bytes: the
// socket is full, or the file system cannot send from a file, and the rest has to be read and
// written.
FileSent send_file(int socket, int file, uint64_t offset, uint64_t size);

// Whether an errno of send_file() is the socket's and not the file's.
bool is_connection_error(int error);

}  // namespace watchdog

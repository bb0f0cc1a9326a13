#pragma once

#include <sys/types.h>

#include <array>
#include <string_view>

#include "base/fd.h"
#include "modes/fork/preload/control.h"

namespace watchdog {

// The watchdog's end of the sockets of modes/fork/preload/control.h.

// Opens both ends. Each message that comes to ours has its sender's process with it. Returns false
// with an errno.
bool open_control_sockets(Fd& ours, Fd& theirs);

// Sends a header, what is behind it, and the first `count` descriptors. Never blocks. Returns an
// errno, or 0.
int send_request(int socket, const warm_header& header, std::string_view behind,
                 const std::array<int, 4>& descriptors, size_t count);

struct ControlMessage {
  enum class What {
    kMessage,
    kNothing,  // that can be read now
    kEnd,      // nothing will come any more
  } what = What::kEnd;
  warm_header header{};  // zeros where what came is no message
  pid_t sender = 0;      // as the kernel says
};
// Reads one message. Never blocks.
ControlMessage receive_from(int socket);

}  // namespace watchdog

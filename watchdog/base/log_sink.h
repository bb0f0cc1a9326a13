#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"

namespace watchdog::log {

// One of the two descriptors that the log goes to, and the lines that wait for it, in a bounded
// buffer. Never blocks, whatever the descriptor is: a file takes everything, a pipe is asked first
// (poll(2)), and a terminal is opened once more, without blocking, so that its other users do not
// notice. Owned by the log and used under its mutex. The descriptor is not closed.
class Sink {
 public:
  explicit Sink(int fd) : fd_(fd) {}

  // Lines go to `fd` from now on.
  void use(int fd);

  // Takes a line without its newline. False: there is no room, and the line is lost. An empty sink
  // has room for one line of any length.
  bool add(std::string_view line);
  // Writes what the other side takes now. When it is gone, what was waiting is too: returns how
  // many lines that were.
  uint64_t write_out();

  bool empty() const { return waiting() == 0; }
  bool is_terminal() { return kind() == Kind::kTerminal; }
  // Whether a good part of the buffer is full and the reader has taken something within a second.
  bool congested() const;
  // Whether there is room enough for it to be worth saying that lines were lost.
  bool has_room() const;
  int fd() const { return fd_; }

 private:
  enum class Kind { kUnknown, kFile, kTerminal, kPipe };

  size_t waiting() const { return pending_.size() - written_; }
  void compact();
  void clear();
  uint64_t give_up();
  bool may_block() { return kind() != Kind::kFile; }
  bool writable() const;
  Kind kind();
  void reopen_without_blocking();

  int fd_;
  Kind kind_ = Kind::kUnknown;
  std::string pending_;
  size_t written_ = 0;  // of pending_
  Instant last_taken_{};
};

}  // namespace watchdog::log

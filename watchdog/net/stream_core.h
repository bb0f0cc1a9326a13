#pragma once

#include <uv.h>

#include <string>

#include "net/stream.h"

namespace watchdog {

// The part of a Stream that libuv holds pointers into. It outlives the Stream, whose destructor
// takes `owner` away, until libuv has closed the handle. Included by stream.cc alone.
struct Stream::Core {
  union {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  };
  Stream* owner;
  uv_write_t write_request;
  std::string sending;  // not empty while write_request is under way
  int fd;

  static Core& of(void* handle) {
    return *static_cast<Core*>(static_cast<uv_handle_t*>(handle)->data);
  }

  // Takes `from` over; returns an errno, 0 when all is well. To be closed in either case.
  int open(Loop& loop, Kind kind, Fd from);
  // Deletes this once libuv has let go of the handle.
  void close() {
    uv_close(&handle, [](uv_handle_t* closed) { delete &of(closed); });
  }
};

inline int Stream::Core::open(Loop& loop, Kind kind, Fd from) {
  fd = from.get();
  int error = 0;
  if (kind == Kind::kTcp) {
    uv_tcp_init(loop.uv(), &tcp);
    error = -uv_tcp_open(&tcp, fd);
  } else {
    uv_pipe_init(loop.uv(), &pipe, 0);
    error = -uv_pipe_open(&pipe, fd);
  }
  handle.data = this;
  if (error == 0) from.release();
  return error;
}

}  // namespace watchdog

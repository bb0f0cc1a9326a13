#include "net/watch.h"

#include <uv.h>

#include <cstdlib>

namespace watchdog {

struct Watch::Core {
  uv_poll_t handle;
  Loop& loop;
  std::function<void()> on_ready;
  bool closed = false;  // on_ready may be on the stack: it goes later
};

Watch::Watch(Loop& loop, Fd fd, std::function<void()> on_ready, For what)
    : fd_(std::move(fd)), what_(what), core_(new Core{{}, loop, std::move(on_ready)}) {
  core_->handle.data = core_;
  if (uv_poll_init(loop.uv(), &core_->handle, fd_.get()) != 0) std::abort();
  resume();
}

Watch::~Watch() {
  release();
}

// The handle forgets the descriptor now, before anybody else can be given its number.
Fd Watch::release() {
  if (core_ != nullptr) {
    core_->closed = true;
    uv_close(reinterpret_cast<uv_handle_t*>(&core_->handle),
             [](uv_handle_t* handle) { delete static_cast<Core*>(handle->data); });
    core_ = nullptr;
  }
  return std::move(fd_);
}

void Watch::pause() {
  uv_poll_stop(&core_->handle);
}

void Watch::resume() {
  const int events = what_ == For::kReading ? UV_READABLE : UV_WRITABLE;
  uv_poll_start(&core_->handle, events, [](uv_poll_t* handle, int, int) {
    Core& core = *static_cast<Core*>(handle->data);
    Turn turn(core.loop);
    if (!core.closed) core.on_ready();
  });
}

}  // namespace watchdog

#include "net/watch.h"

#include <uv.h>

#include <cstdlib>

namespace watchdog {

struct Watch::Core {
  uv_poll_t handle;
  Loop& loop;
  std::function<void()> on_readable;
};

Watch::Watch(Loop& loop, Fd fd, std::function<void()> on_readable)
    : fd_(std::move(fd)), core_(new Core{{}, loop, std::move(on_readable)}) {
  core_->handle.data = core_;
  if (uv_poll_init(loop.uv(), &core_->handle, fd_.get()) != 0) std::abort();
  resume();
}

Watch::~Watch() {
  core_->on_readable = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(&core_->handle),
           [](uv_handle_t* handle) { delete static_cast<Core*>(handle->data); });
}

void Watch::pause() {
  uv_poll_stop(&core_->handle);
}

void Watch::resume() {
  uv_poll_start(&core_->handle, UV_READABLE, [](uv_poll_t* handle, int, int) {
    Core& core = *static_cast<Core*>(handle->data);
    Turn turn(core.loop);
    if (core.on_readable) core.on_readable();
  });
}

}  // namespace watchdog

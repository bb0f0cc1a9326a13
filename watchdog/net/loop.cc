#include "net/loop.h"

#include <uv.h>

#include <algorithm>
#include <cstdlib>

#include "base/log.h"
#include "net/stream.h"

namespace watchdog {

namespace {

constexpr size_t kReadBufferSize = 64 * 1024;
constexpr auto kLogRetry = std::chrono::milliseconds(5);

class RealClock final : public Clock {
 public:
  Instant now() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace

const Clock& real_clock() {
  static const RealClock clock;
  return clock;
}

struct Loop::Hooks {
  uv_prepare_t before_wait;
  uv_timer_t timer;
};

Loop::Loop(const Clock& clock)
    : clock_(clock), uv_(std::make_unique<uv_loop_s>()), hooks_(std::make_unique<Hooks>()) {
  if (uv_loop_init(uv_.get()) != 0) std::abort();
  uv_prepare_init(uv(), &hooks_->before_wait);
  hooks_->before_wait.data = this;
  uv_prepare_start(&hooks_->before_wait,
                   [](uv_prepare_t* handle) { static_cast<Loop*>(handle->data)->before_wait(); });
  uv_unref(reinterpret_cast<uv_handle_t*>(&hooks_->before_wait));
  uv_timer_init(uv(), &hooks_->timer);
  hooks_->timer.data = this;
}

Loop::~Loop() {
  { Turn turn(*this); }
  uv_close(reinterpret_cast<uv_handle_t*>(&hooks_->before_wait), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&hooks_->timer), nullptr);
  uv_run(uv(), UV_RUN_DEFAULT);
  if (uv_loop_close(uv()) != 0) std::abort();  // a handle outlived its loop
}

void Loop::run() {
  uv_run(uv(), UV_RUN_DEFAULT);
}

void Loop::stop() {
  uv_stop(uv());
}

void Loop::poll() {
  {
    Turn turn(*this);
    timers_.run_due(now());
  }
  uv_run(uv(), UV_RUN_NOWAIT);
  before_wait();
}

std::span<char> Loop::read_buffer() {
  if (!read_buffer_) read_buffer_ = std::make_unique_for_overwrite<char[]>(kReadBufferSize);
  return {read_buffer_.get(), kReadBufferSize};
}

// What was retired dies before anything else is called, so that no deferred call of its reaches
// it or its neighbours any more.
void Loop::end_turn() {
  ++turn_depth_;
  while (!deferred_.empty() || !retired_.empty()) {
    if (!retired_.empty()) {
      // Destructors may retire and defer more.
      auto dying = std::move(retired_);
      retired_.clear();
      continue;
    }
    Deferred* deferred = deferred_.front();
    deferred_.pop_front();
    deferred->scheduled_ = false;
    deferred->call_();
  }
  --turn_depth_;
  ++turn_;
}

void Loop::before_wait() {
  flush_streams();
  log::flush();
  arm();
}

void Loop::flush_streams() {
  while (!unflushed_.empty()) {
    Turn turn(*this);  // at its end handlers hear of drained and broken streams, and may hold more
    // flush() reports only through a Deferred, so the list does not grow meanwhile.
    for (Stream* stream : unflushed_) {
      if (stream != nullptr) stream->flush();
    }
    unflushed_.clear();
  }
}

void Loop::arm() {
  auto next = timers_.next();
  // A reader of our log that was busy may have room by then.
  if (log::waiting()) next = std::min(next.value_or(Instant::max()), now() + kLogRetry);
  if (!next) {
    uv_timer_stop(&hooks_->timer);
    return;
  }
  // libuv counts in whole milliseconds from its own cached time: round up, so as never to be early.
  uv_update_time(uv());
  const auto wait = std::max(*next - now(), Duration::zero());
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
  uv_timer_start(
      &hooks_->timer,
      [](uv_timer_t* handle) {
        Loop& loop = *static_cast<Loop*>(handle->data);
        Turn turn(loop);
        loop.timers_.run_due(loop.now());
      },
      static_cast<uint64_t>(milliseconds), 0);
}

Deferred::~Deferred() {
  if (scheduled_) std::erase(loop_.deferred_, this);
}

void Deferred::schedule() {
  if (scheduled_) return;
  scheduled_ = true;
  loop_.deferred_.push_back(this);
}

struct Wakeup::Core {
  uv_async_t handle;
  Loop& loop;
  std::function<void()> on_wake;
};

Wakeup::Wakeup(Loop& loop, std::function<void()> on_wake)
    : core_(new Core{{}, loop, std::move(on_wake)}) {
  core_->handle.data = core_;
  const int error = uv_async_init(loop.uv(), &core_->handle, [](uv_async_t* handle) {
    Core& core = *static_cast<Core*>(handle->data);
    Turn turn(core.loop);
    if (core.on_wake) core.on_wake();
  });
  if (error != 0) std::abort();
}

Wakeup::~Wakeup() {
  core_->on_wake = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(&core_->handle),
           [](uv_handle_t* handle) { delete static_cast<Core*>(handle->data); });
}

void Wakeup::wake() {
  uv_async_send(&core_->handle);
}

}  // namespace watchdog

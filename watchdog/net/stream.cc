#include "net/stream.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "net/socket_status.h"
#include "net/stream_core.h"

namespace watchdog {

namespace {

// Below this, bytes are worth copying to leave with their neighbours in one system call.
constexpr size_t kWorthHolding = 8 * 1024;
constexpr size_t kMostPieces = 8;
// Of a file in one turn, so that a fast client does not keep the others waiting.
constexpr uint64_t kMostOfFile = 1024 * 1024;
// Read from a file for libuv to send when there is room again, which is how we learn of it.
constexpr uint64_t kFileBlock = 16 * 1024;

uv_buf_t buffer(std::string_view bytes) {
  return uv_buf_init(const_cast<char*>(bytes.data()), static_cast<unsigned>(bytes.size()));
}

}  // namespace

Stream::Stream(Loop& loop, Handler& handler, Kind kind, Fd fd)
    : loop_(loop), handler_(handler), core_(new Core), report_(loop, [this] { report(); }) {
  core_->owner = this;
  error_ = core_->open(loop, kind, std::move(fd));
  if (error_ != 0) report_.schedule();
}

Stream::~Stream() {
  forget_flush();
  core_->owner = nullptr;
  core_->close();
}

void Stream::resume() {
  wants_data_ = true;
  if (!unread_.empty() || ended_) {
    report_.schedule();
    return;
  }
  start_reading();
}

void Stream::pause() {
  wants_data_ = false;
  stop_reading();
}

void Stream::start_reading() {
  if (reading_ || ended_ || broken()) return;
  reading_ = true;
  const int error = uv_read_start(
      &core_->stream,
      [](uv_handle_t* handle, size_t, uv_buf_t* out) {
        const auto space = Core::of(handle).owner->read_space();
        *out = uv_buf_init(space.data(), static_cast<unsigned>(space.size()));
      },
      [](uv_stream_t* stream, ssize_t size, const uv_buf_t* bytes) {
        Core& core = Core::of(stream);
        Turn turn(core.owner->loop_);
        core.owner->on_read(bytes->base, size);
      });
  if (error != 0) fail(-error);
}

void Stream::stop_reading() {
  if (!reading_) return;
  reading_ = false;
  uv_read_stop(&core_->stream);
}

// What is read is soon written from the same place. Once a body proves large, with 64 KB at a time
// the copies no longer fit the CPU's nearest caches, and it costs 1.7 times as much.
std::span<char> Stream::read_space() {
  const auto space = loop_.read_buffer();
  return bulk_ ? space.first(space.size() / 2) : space;
}

void Stream::on_read(const char* data, ptrdiff_t size) {
  if (size == 0) return;  // would block
  bulk_ = size > 0 && static_cast<size_t>(size) >= read_space().size();
  if (size > 0) {
    deliver({data, static_cast<size_t>(size)});
    return;
  }
  reading_ = false;
  uv_read_stop(&core_->stream);
  if (size == UV_EOF) {
    ended_ = true;
    report();
    return;
  }
  fail(static_cast<int>(-size));
}

void Stream::deliver(std::string_view bytes) {
  const size_t used = handler_.on_data(bytes);
  if (used < bytes.size()) {
    unread_.assign(bytes.substr(used));
    pause();
  }
}

void Stream::read_now(size_t most) {
  stop_reading();
  wants_data_ = false;
  while (most > 0 && unread_.empty() && !ended_ && !broken()) {
    const auto space = loop_.read_buffer();
    const ssize_t size = ::read(core_->fd, space.data(), std::min(space.size(), most));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return;
    if (size == 0) {
      ended_ = true;
      return;
    }
    most -= static_cast<size_t>(size);
    deliver({space.data(), static_cast<size_t>(size)});
  }
}

size_t Stream::readable() const {
  return unread_.size() + readable_bytes(core_->fd);
}

bool Stream::silent() const {
  return !ended_ && unread_.empty() && is_silent(core_->fd);
}

size_t Stream::pending() const {
  return outgoing_.size() +
         (core_->sending.empty() ? 0 : uv_stream_get_write_queue_size(&core_->stream));
}

void Stream::hold(std::string_view bytes) {
  if (broken() || takes_no_more_) return;
  outgoing_.append(bytes);
  if (flush_queued_ || !core_->sending.empty()) return;
  flush_queued_ = true;
  loop_.unflushed_.push_back(this);
}

void Stream::send_held() {
  forget_flush();
  flush();
}

void Stream::write(std::initializer_list<std::string_view> pieces) {
  if (broken() || takes_no_more_) return;
  size_t size = outgoing_.size();
  for (const auto piece : pieces) size += piece.size();
  if (!core_->sending.empty() || size <= kWorthHolding) {
    for (const auto piece : pieces) hold(piece);
    return;
  }

  std::array<uv_buf_t, kMostPieces> buffers;
  size_t count = 0;
  if (!outgoing_.empty()) buffers[count++] = buffer(outgoing_);
  for (const auto piece : pieces) {
    if (!piece.empty()) buffers[count++] = buffer(piece);
  }
  const int sent = uv_try_write(&core_->stream, buffers.data(), static_cast<unsigned>(count));
  if (sent < 0 && sent != UV_EAGAIN) {
    fail_writing(-sent);
    return;
  }
  size_t taken = sent > 0 ? static_cast<size_t>(sent) : 0;
  if (taken == size) {
    outgoing_.clear();
    return;
  }
  const size_t held = std::min(taken, outgoing_.size());
  outgoing_.erase(0, held);
  taken -= held;
  for (const auto piece : pieces) {
    const size_t skip = std::min(taken, piece.size());
    taken -= skip;
    outgoing_.append(piece.substr(skip));
  }
  send_pending();
}

FileSent Stream::send_file(int file, uint64_t offset, uint64_t size) {
  if (broken() || takes_no_more_ || !send_held_with_more()) {
    notify_when_drained();
    return {};
  }
  FileSent sent = watchdog::send_file(core_->fd, file, offset, std::min(size, kMostOfFile));
  if (is_connection_error(sent.error)) {
    fail_writing(sent.error);
    return {sent.bytes, 0};
  }
  if (sent.error != 0 || sent.bytes == size) return sent;

  outgoing_.resize(std::min(size - sent.bytes, kFileBlock));
  const ssize_t read =
      ::pread(file, outgoing_.data(), outgoing_.size(), static_cast<off_t>(offset + sent.bytes));
  if (read <= 0) {
    outgoing_.clear();
    return {sent.bytes, read == 0 ? ENODATA : errno};
  }
  outgoing_.resize(static_cast<size_t>(read));
  sent.bytes += static_cast<uint64_t>(read);
  send_pending();
  return sent;
}

int Stream::fd() const {
  return core_->fd;
}

// Sends what hold() kept, in the same segments as what follows. False: there is no room for more.
bool Stream::send_held_with_more() {
  if (!core_->sending.empty()) return false;
  if (outgoing_.empty()) return true;
  const ssize_t sent =
      ::send(core_->fd, outgoing_.data(), outgoing_.size(), MSG_MORE | MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN && errno != EINTR) {
    fail_writing(errno);
    return false;
  }
  outgoing_.erase(0, sent > 0 ? static_cast<size_t>(sent) : 0);
  if (outgoing_.empty()) return true;
  send_pending();
  return false;
}

void Stream::flush() {
  flush_queued_ = false;
  if (broken() || outgoing_.empty() || !core_->sending.empty()) return;
  const uv_buf_t all = buffer(outgoing_);
  const int sent = uv_try_write(&core_->stream, &all, 1);
  if (sent < 0 && sent != UV_EAGAIN) {
    fail_writing(-sent);
    return;
  }
  outgoing_.erase(0, sent > 0 ? static_cast<size_t>(sent) : 0);
  if (!outgoing_.empty()) {
    send_pending();
    return;
  }
  if (drain_wanted_ || half_close_wanted_) report_.schedule();
}

// The kernel's buffer is full: libuv sends the rest when there is room.
void Stream::send_pending() {
  core_->sending.swap(outgoing_);
  outgoing_.clear();
  drain_wanted_ = true;
  const uv_buf_t all = buffer(core_->sending);
  const int error =
      uv_write(&core_->write_request, &core_->stream, &all, 1, [](uv_write_t* request, int status) {
        Core& core = Core::of(request->handle);
        core.sending.clear();
        if (core.owner == nullptr) return;
        Turn turn(core.owner->loop_);
        core.owner->on_written(status);
      });
  if (error != 0) {
    core_->sending.clear();
    fail_writing(-error);
  }
}

void Stream::on_written(int error) {
  if (error != 0) {
    fail_writing(-error);
    return;
  }
  if (!outgoing_.empty()) {
    send_pending();
    return;
  }
  // A connection that once held a large answer should not keep its memory.
  core_->sending.shrink_to_fit();
  report();
}

void Stream::notify_when_drained() {
  drain_wanted_ = true;
  if (drained()) report_.schedule();
}

void Stream::half_close() {
  half_close_wanted_ = true;
  if (drained()) report_.schedule();
}

void Stream::fail_writing(int error) {
  if (!handler_.reads_on_after_write_error()) return fail(error);
  takes_no_more_ = true;
  outgoing_.clear();
  if (drain_wanted_) report_.schedule();
}

void Stream::fail(int error) {
  if (broken()) return;
  error_ = error;
  outgoing_.clear();
  stop_reading();
  report_.schedule();
}

// Tells the handler what it has not been told yet. Runs in a turn of its own or at the end of one,
// never inside a call from the handler.
void Stream::report() {
  if (broken()) {
    if (std::exchange(error_reported_, true)) return;
    handler_.on_error(error_);
    return;
  }
  if (drained()) {
    if (std::exchange(half_close_wanted_, false)) ::shutdown(core_->fd, SHUT_WR);
    if (std::exchange(drain_wanted_, false)) handler_.on_drained();
  }
  if (wants_data_ && !unread_.empty()) {
    const std::string bytes = std::exchange(unread_, {});
    deliver(bytes);
  }
  if (!unread_.empty() || !wants_data_) return;
  if (!ended_) {
    start_reading();
    return;
  }
  if (!std::exchange(end_reported_, true)) handler_.on_end();
}

void Stream::forget_flush() {
  if (!flush_queued_) return;
  std::replace(loop_.unflushed_.begin(), loop_.unflushed_.end(), this,
               static_cast<Stream*>(nullptr));
}

}  // namespace watchdog

#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "net/loop.h"
#include "net/send_file.h"

namespace watchdog {

// A byte stream over a connected socket or one end of a pipe. Owned by a Connection, an upstream
// connection or an Invocation; destroying it closes the descriptor at once and calls nobody.
//
// Reading: bytes go to Handler::on_data, which says how many it used. When that is not all of them
// the stream keeps the rest and stops reading until resume().
//
// Writing never blocks: the stream keeps what the kernel does not take. full() tells the writer to
// pause its own source, and on_drained() to go on.
class Stream {
 public:
  class Handler {
   public:
    virtual ~Handler() = default;
    // Returns how many of the bytes were used; the rest comes again, first, after resume().
    virtual size_t on_data(std::string_view bytes) = 0;
    // The peer will send no more.
    virtual void on_end() = 0;
    // The connection broke, with an errno. Nothing is called after this.
    virtual void on_error(int error) = 0;
    // Everything written has left, after full() was true or notify_when_drained() was called.
    virtual void on_drained() = 0;
    // Whether the peer may have sent something worth reading although it takes no more. Then a
    // failed write is not an error: what is read afterwards tells.
    virtual bool reads_on_after_write_error() const { return false; }
  };

  // The size of what may wait here before a writer should pause; a soft limit.
  static constexpr size_t kFull = 256 * 1024;

  enum class Kind { kTcp, kPipe };  // kPipe: pipes and unix sockets

  // Takes `fd`, which must be non-blocking already. Reading starts with resume().
  Stream(Loop& loop, Handler& handler, Kind kind, Fd fd);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void resume();
  void pause();
  // Hands over, before it returns, up to `most` bytes that can be read without waiting, then
  // pauses. For the last output of a process that has exited.
  void read_now(size_t most);
  // How many bytes could be read without waiting (pipes and sockets).
  size_t readable() const;
  // Whether neither bytes nor the peer's end wait to be read (sockets).
  bool silent() const;
  // For the questions of net/socket_status.h.
  int fd() const;

  // Sends what hold() kept and then these pieces, in one system call where the kernel takes it.
  void write(std::initializer_list<std::string_view> pieces);
  void write(std::string_view bytes) { write({bytes}); }
  // Sends these bytes with the next write, or before the loop waits.
  void hold(std::string_view bytes);
  // Sends at once what the kernel takes of what hold() kept; to be called before destroying the
  // stream.
  void send_held();

  // Sends `size` bytes of `file` from `offset` on, as many as the kernel takes now (sockets only).
  // An error is one of reading the file; without one, and with fewer bytes, on_drained() will come.
  FileSent send_file(int file, uint64_t offset, uint64_t size);

  // The bytes written that have not left yet.
  size_t pending() const;
  bool full() const { return pending() >= kFull; }
  // Whether everything written has left and no write is under way.
  bool drained() const { return pending() == 0; }

  // Half-closes a socket: the peer sees the end once everything before it has left.
  void half_close();
  // Whether on_error has been, or is about to be, called.
  bool broken() const { return error_ != 0; }
  // Asks for on_drained() when everything has left, at the end of this turn at the earliest.
  void notify_when_drained();

 private:
  friend class Loop;
  struct Core;

  void on_read(const char* data, ptrdiff_t size);
  void on_written(int error);
  std::span<char> read_space();
  void deliver(std::string_view bytes);
  void flush();
  void forget_flush();
  void fail(int error);
  void fail_writing(int error);
  void report();
  void send_pending();
  bool send_held_with_more();
  void start_reading();
  void stop_reading();

  Loop& loop_;
  Handler& handler_;
  Core* core_;  // outlives this object until libuv has closed the handle
  std::string unread_;
  std::string outgoing_;
  Deferred report_;
  int error_ = 0;
  bool wants_data_ = false;
  bool reading_ = false;
  bool ended_ = false;
  bool bulk_ = false;           // the last read took all that it could
  bool takes_no_more_ = false;  // the peer, although it may still say something
  bool end_reported_ = false;
  bool error_reported_ = false;
  bool flush_queued_ = false;
  bool drain_wanted_ = false;
  bool half_close_wanted_ = false;
};

}  // namespace watchdog

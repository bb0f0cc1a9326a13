#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <string_view>

#include "base/line_splitter.h"
#include "http/response_reader.h"
#include "net/stream.h"
#include "server/failure.h"

namespace watchdog {

// One connection to the function's own server, for one request after another. The invocation that
// uses it owns it; between requests its ConnectionPool does. Used on the loop of its worker.
//
// Bytes that belong to no request must never reach a client. In HTTP/1 only the order on the
// connection says which request a response belongs to, so bytes behind a response would be taken
// for the beginning of the next one. Therefore:
//   1. These bytes end the connection: bytes behind the end of a response; bytes on an idle
//      connection; bytes that do not begin a response, on a connection that has had one; and bytes
//      that provably came before the server had any byte of the current request. That can be
//      proven because a small request leaves when all that has arrived by then was read, and
//      because TCP acknowledges each byte.
//   2. A connection is not reusable() after a response that does not say where it ends (to HEAD,
//      with 204 or 304): applications that send a body nevertheless may do so at any later time.
//   3. The invocation gives no connection back when the response was complete before the request,
//      or while a 100 Continue may still come.
//   4. A server that has once sent more than its response (overran()) gets a connection for each
//      request from then on: see ConnectionPool.
// FastCGI needs none of this, as its records name their request.
class UpstreamConnection final : private Stream::Handler {
 public:
  class Handler {
   public:
    virtual ~Handler() = default;
    // A head: those of interim responses come before the final one's.
    virtual void on_response_head(const UpstreamResponse& head) = 0;
    // The next piece of the body. After a 101 it is any bytes that the server sends.
    virtual void on_response_body(std::string_view bytes) = 0;
    virtual void on_response_end(std::string_view trailers) = 0;
    // The response will not be complete. `what` broke is for people. Nothing is called after this.
    virtual void on_upstream_failed(Failure failure, std::string_view what) = 0;
    // Everything written has left, after full() was true or notify_when_drained() was called.
    virtual void on_upstream_drained() = 0;
  };

  // Where the server is.
  enum class Peer { kUnixSocket, kLoopback, kElsewhere };

  // Takes `socket`, which is connected and non-blocking. `longest_log_line` is in bytes. `copy` is
  // for lines of errors that come by it.
  UpstreamConnection(Loop& loop, Fd socket, Peer peer, std::unique_ptr<ResponseReader> reader,
                     size_t longest_log_line, LineCopy copy = nullptr);
  ~UpstreamConnection() override;

  // Begins a request with this method. `handler` is told of the response, until its end, a failure
  // or detach().
  void begin(Handler& handler, std::string_view method);
  // The number of requests that it has been used for, including the current one.
  uint64_t requests() const { return requests_; }
  // Makes it idle. `on_lost` runs once, when the server closes it or sends bytes unasked, and may
  // destroy it only through Loop::retire().
  void become_idle(std::function<void()> on_lost);

  // Sends bytes of the current request.
  void write(std::initializer_list<std::string_view> pieces);
  bool full() const { return stream_.full(); }
  void notify_when_drained() { stream_.notify_when_drained(); }
  // Stops reading; no handler is called any more. It is to be destroyed next.
  void detach();
  // Sends `farewell` at once, then detaches.
  void abandon(std::string_view farewell);
  // Half-closes it once everything written has left.
  void half_close() { stream_.half_close(); }
  void pause() { stream_.pause(); }
  void resume() { stream_.resume(); }

  // Whether it can take another request: the last one and its response are complete, the end of
  // the response is beyond doubt, and the server has not said that it will close.
  bool reusable() const;
  // Whether the server has sent bytes that belong to no response, although it had said where the
  // response ends.
  bool overran() const { return overran_; }
  // Asks the kernel whether the server still waits for a request, that is, has neither closed the
  // connection nor sent anything.
  bool waits_for_request();
  // Whether the loop has noticed that it broke.
  bool broken() const { return stream_.broken(); }
  // Whether any byte of the response has come.
  bool response_begun() const { return reader_->begun() && !overran_; }
  // Whether it was reset. The server's kernel does that when the connection, or the socket that
  // listens, is closed before the server has read all that came.
  bool was_reset() const { return was_reset_; }
  // As ResponseReader::local_redirect().
  std::string_view local_redirect() const { return reader_->local_redirect(); }
  // Whether the server's kernel has provably not received a byte of the current request.
  bool nothing_received() const;

 private:
  // Stream::Handler
  size_t on_data(std::string_view bytes) override;
  void on_end() override;
  void on_error(int error) override;
  void on_drained() override;
  // A server may respond and close without reading the whole request: its response still counts.
  bool reads_on_after_write_error() const override { return true; }

  size_t read(std::string_view bytes);
  bool comes_too_early() const;
  void fail(std::string_view what) { fail(Failure::kUpstreamBroken, what); }
  void fail(Failure failure, std::string_view what);

  const Peer peer_;
  std::unique_ptr<ResponseReader> reader_;
  LineSplitter errors_;
  Handler* handler_ = nullptr;
  std::function<void()> on_lost_;  // while idle
  uint64_t requests_ = 0;
  uint64_t written_ = 0;  // bytes of the current request
  bool head_seen_ = false;
  bool tunnel_ = false;
  bool overran_ = false;
  bool complete_ = false;  // the response is
  bool ended_ = false;     // the server has closed
  bool was_reset_ = false;
  Stream stream_;
};

}  // namespace watchdog

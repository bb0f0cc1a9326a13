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

// One connection to the function's own server, for one request after another. Owned by the
// invocation that uses it, between requests by its ConnectionPool.
//
// Bytes that belong to no request must never reach a client. HTTP/1 gives the answer to a request
// no name, only its place on the connection, so whatever comes after an answer would be taken for
// the beginning of the next one. Therefore:
//   1. Bytes beyond the end of an answer, or on a connection that rests, end the connection, as do
//      those that do not begin an answer where there has been one before, and those that provably
//      came before the server had anything of the request that they would answer: a small request
//      leaves when all that has arrived by then was read, and TCP acknowledges each byte.
//   2. A connection is not reusable() after an answer that does not say where it ends (to HEAD,
//      with 204 or 304), as applications that send a body nevertheless do so at any time later.
//   3. The invocation gives no connection back when the answer is complete before the request, or
//      while a 100 Continue may still come.
//   4. A server that has said more than its answer once (overran()) gets a connection for each
//      request from then on: see ConnectionPool.
// FastCGI needs none of this, as its records name their request.
class UpstreamConnection final : private Stream::Handler {
 public:
  class Handler {
   public:
    virtual ~Handler() = default;
    // Interim responses come before the final one.
    virtual void on_response_head(const UpstreamResponse& head) = 0;
    // The next piece of the body; after a 101 whatever the server sends.
    virtual void on_response_body(std::string_view bytes) = 0;
    virtual void on_response_end(std::string_view trailers) = 0;
    // What broke, for a person; nothing comes after it.
    virtual void on_upstream_failed(Failure failure, std::string_view what) = 0;
    // full() was true and is so no more.
    virtual void on_upstream_drained() = 0;
  };

  enum class Peer { kUnixSocket, kLoopback, kElsewhere };

  UpstreamConnection(Loop& loop, Fd socket, Peer peer, std::unique_ptr<ResponseReader> reader,
                     size_t longest_log_line);
  ~UpstreamConnection() override;

  // From here on `handler` hears of the answer to a request with this method.
  void begin(Handler& handler, std::string_view method);
  // How many requests it has been used for, with the current one.
  uint64_t requests() const { return requests_; }
  // Nobody uses it: `on_lost` runs when the server closes it or says something unasked.
  void rest(std::function<void()> on_lost);

  // Sends bytes of the current request.
  void write(std::initializer_list<std::string_view> pieces);
  bool full() const { return stream_.full(); }
  void notify_when_drained() { stream_.notify_when_drained(); }
  // Nobody hears of it any more, until it is destroyed.
  void detach();
  // Sends these bytes at once, and is detached.
  void give_up(std::string_view last_words);
  // Half-closes it, once all has left.
  void half_close() { stream_.half_close(); }
  void pause() { stream_.pause(); }
  void resume() { stream_.resume(); }

  // Whether it can take another request: the last one and its answer are complete, the end of the
  // answer is beyond doubt, and the server has not said that it will close.
  bool reusable() const;
  // Whether the server has sent bytes that belong to no answer, although it had said where the
  // answer ends.
  bool overran() const { return overran_; }
  // Whether the server, as far as can be told without waiting, still waits for a request: it has
  // neither closed nor said anything.
  bool waits_for_request();
  bool broken() const { return stream_.broken(); }
  // Whether any byte of the answer has come.
  bool answered() const { return reader_->begun() && !overran_; }
  // Whether the server reset it: as its kernel does when it closes a connection, or the socket that
  // listens, before the server has read all that came.
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
  // A server may answer and close without reading the whole request: what it says still counts.
  bool reads_on_after_write_error() const override { return true; }

  size_t read(std::string_view bytes);
  bool comes_too_early() const;
  void fail(std::string_view what) { fail(Failure::kUpstreamBroken, what); }
  void fail(Failure failure, std::string_view what);

  const Peer peer_;
  std::unique_ptr<ResponseReader> reader_;
  LineSplitter errors_;
  Handler* handler_ = nullptr;
  std::function<void()> on_lost_;  // while resting
  uint64_t requests_ = 0;
  uint64_t written_ = 0;  // of the current request
  bool head_seen_ = false;
  bool tunnel_ = false;
  bool overran_ = false;
  bool complete_ = false;  // the answer is
  bool ended_ = false;     // the server has closed
  bool was_reset_ = false;
  Stream stream_;
};

}  // namespace watchdog

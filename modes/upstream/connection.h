#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <string_view>

#include "base/line_splitter.h"
#include "http/answer_reader.h"
#include "net/stream.h"
#include "server/failure.h"

namespace watchdog {

// One connection to the function's own server, for one request after another. Owned by the
// invocation that uses it, between requests by its UpstreamPool.
class UpstreamConnection final : private Stream::Handler {
 public:
  class Handler {
   public:
    virtual ~Handler() = default;
    // Interim responses come before the final one.
    virtual void on_response_head(const ResponseHead& head) = 0;
    // The next piece of the body; after a 101 whatever the server sends.
    virtual void on_response_body(std::string_view bytes) = 0;
    virtual void on_response_end(std::string_view trailers) = 0;
    // What broke, for a person; nothing comes after it.
    virtual void on_upstream_failed(Failure failure, std::string_view what) = 0;
    // full() was true and is so no more.
    virtual void on_upstream_drained() = 0;
  };

  UpstreamConnection(Loop& loop, Fd socket, bool is_tcp, std::unique_ptr<AnswerReader> reader,
                     size_t longest_log_line);
  ~UpstreamConnection() override;

  // From here on `handler` hears of the answer to a request with this method.
  void begin(Handler& handler, std::string_view method);
  // Nobody uses it: `on_lost` runs when the server closes it or says something unasked.
  void rest(std::function<void()> on_lost);

  void write(std::initializer_list<std::string_view> pieces) { stream_.write(pieces); }
  bool full() const { return stream_.full(); }
  void notify_when_drained() { stream_.notify_when_drained(); }
  // Nobody hears of it any more, until it is destroyed.
  void detach();
  // Sends these bytes at once, and is detached.
  void give_up(std::string_view last_words);
  // Half-closes it, once all has left.
  void shut_down() { stream_.shut_down(); }
  void pause() { stream_.pause(); }
  void resume() { stream_.resume(); }

  // Whether it can take another request: the last one and its answer are complete, and the server
  // has not said that it will close.
  bool reusable() const;
  // Whether the server, as far as can be told without waiting, still waits for a request. On TCP
  // untaken() will tell when it did not.
  bool alive() const { return !stream_.broken() && (is_tcp_ || stream_.silent()); }
  // Whether any byte of the answer has come.
  bool answered() const { return reader_->begun(); }
  // As AnswerReader::local_redirect().
  std::string_view local_redirect() const { return reader_->local_redirect(); }
  // Bytes of what was written that the server's kernel has not taken (TCP; else 0).
  size_t untaken() const { return is_tcp_ ? stream_.unacknowledged() : 0; }

 private:
  // Stream::Handler
  size_t on_data(std::string_view bytes) override;
  void on_end() override;
  void on_error(int error) override;
  void on_drained() override;
  // A server may answer and close without reading the whole request: what it says still counts.
  bool reads_on_after_write_error() const override { return true; }

  size_t read(std::string_view bytes);
  void fail(std::string_view what) { fail(Failure::kUpstreamBroken, what); }
  void fail(Failure failure, std::string_view what);

  const bool is_tcp_;
  std::unique_ptr<AnswerReader> reader_;
  LineSplitter errors_;
  Handler* handler_ = nullptr;
  std::function<void()> on_lost_;  // while resting
  bool tunnel_ = false;
  bool complete_ = false;  // the answer is
  bool ended_ = false;     // the server has closed
  Stream stream_;
};

}  // namespace watchdog

#pragma once

#include <list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/response_reader.h"
#include "net/address.h"
#include "net/dial.h"
#include "net/stream.h"
#include "net/timer.h"

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
    virtual void on_upstream_failed(std::string_view what) = 0;
    // full() was true and is so no more.
    virtual void on_upstream_drained() = 0;
  };

  UpstreamConnection(Loop& loop, Fd socket, bool is_tcp);
  ~UpstreamConnection() override;

  // From here on `handler` hears of the answer to a request with this method.
  void begin(Handler& handler, std::string_view method);
  // Nobody uses it: `on_lost` runs when the server closes it or says something unasked.
  void rest(std::function<void()> on_lost);

  void write(std::initializer_list<std::string_view> pieces) { stream_.write(pieces); }
  bool full() const { return stream_.full(); }
  void notify_when_drained() { stream_.notify_when_drained(); }
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
  bool answered() const { return reader_.begun(); }
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

  void fail(std::string_view what);

  const bool is_tcp_;
  ResponseReader reader_;
  Handler* handler_ = nullptr;
  std::function<void()> on_lost_;  // while resting
  bool tunnel_ = false;
  bool complete_ = false;  // the answer is
  bool ended_ = false;     // the server has closed
  Stream stream_;
};

// The idle connections of one worker to the function's server. The one that was used last is used
// next, so that the others can be closed.
class UpstreamPool {
 public:
  static constexpr size_t kMostConnections = 256;
  // Shorter than the patience of every server that we know, the shortest of which is 2 s: a
  // connection that is closed from the other end while a request is on its way is a request lost.
  static constexpr auto kMostRest = std::chrono::seconds(1);

  // `addresses` outlive it.
  UpstreamPool(Loop& loop, std::span<const SocketAddress> addresses);

  // An idle connection that is still alive, or null.
  std::unique_ptr<UpstreamConnection> take();
  // Makes a new one.
  std::unique_ptr<Dial> dial(Dial::OnDone on_done);
  std::unique_ptr<UpstreamConnection> adopt(Fd socket);
  // Keeps it for another request, if it is good for one.
  void give_back(std::unique_ptr<UpstreamConnection> connection);

 private:
  struct Idle {
    std::unique_ptr<UpstreamConnection> connection;
    Instant since;
  };

  void drop(std::list<Idle>::iterator place);
  void drop_old();

  Loop& loop_;
  const std::span<const SocketAddress> addresses_;
  std::list<Idle> idle_;  // the oldest first
  Timer tidy_;
};

}  // namespace watchdog

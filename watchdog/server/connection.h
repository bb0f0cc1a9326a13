#pragma once

#include <cstdint>
#include <initializer_list>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "http/request_reader.h"
#include "net/listener.h"
#include "net/stream.h"
#include "net/timer.h"
#include "server/exchange.h"
#include "server/send_progress.h"

namespace watchdog {

class Server;

// One client, and its requests one after the other: HTTP/1.1 keep-alive and pipelining, with the
// responses in order. Owned by its Server.
//
//   idle --first byte--> head --head read--> body --end read--> responding --response ended--> idle
//   responding --upgraded--> tunnel --ended--> closing
//   any but closing --response ended and not to be kept, or request refused--> closing
//   closing --all sent--> gone
//   any --client disconnected and the invocation does not outlive it--> gone
//
// A request whose response ended before the request was read stays in body, where the rest is
// thrown away up to kMostDiscarded.
//
// A client that half-closes after its request (nc -N, socat, some gateways) may still take the
// response. It has gone when its kernel answers what we send with a reset. While nothing is read
// from a client, a look at its socket tells whether it has gone.
//
// Closing sends what is left and half-closes. When the client may still be sending we read on for
// kLinger: closing at once would make the kernel send a reset, which can destroy the response on
// its way.
class Connection final : private Stream::Handler, private Exchange::Client {
 public:
  Connection(Server& server, Fd socket, const PeerAddress& peer);
  ~Connection() override;

  // Closes now if no request is under way or half read.
  void close_if_idle();
  // Whether nothing is lost by destroying the connection at once: since an earlier turn it has
  // waited for a request, or for its client to close.
  bool dispensable() const;
  // The server is about to end: tells the request under way.
  void on_stopping() {
    if (exchange_.active()) exchange_.on_stopping();
  }
  // Ends the request under way, if any, with 503, and the connection.
  void abort();

 private:
  friend class Server;
  enum class State { kIdle, kHead, kBody, kResponding, kTunnel, kClosing };

  static constexpr uint64_t kMostDiscarded = 256 * 1024;
  static constexpr auto kLinger = std::chrono::seconds(2);
  // How often we look for the client while nothing is read from it: first after kFirstLook, and
  // then later and later, when a reset is expected.
  static constexpr auto kPresence = std::chrono::seconds(1);
  static constexpr auto kFirstLook = std::chrono::milliseconds(1);
  static constexpr auto kCatchUp = std::chrono::milliseconds(1);
  // How long a connection that has just been accepted may take to send its request when we are
  // closing.
  static constexpr auto kFirstRequest = std::chrono::seconds(1);

  // Stream::Handler
  size_t on_data(std::string_view bytes) override;
  void on_end() override;
  void on_error(int error) override;
  void on_drained() override;

  // Exchange::Client
  void send(std::initializer_list<std::string_view> pieces) override;
  FileSent send_file(int file, uint64_t offset, uint64_t size) override;
  size_t unsent() const override { return stream_.broken() ? 0 : stream_.pending(); }
  void notify_when_sent() override { stream_.notify_when_drained(); }
  void pause_upload() override;
  void resume_upload() override;
  bool request_complete() const override { return state_ == State::kResponding; }
  void become_tunnel() override;
  bool may_stay_open() const override;
  const PeerAddress& peer() const override { return peer_; }
  PeerAddress local() const override { return local_address(stream_.fd()); }
  void on_exchange_ended(Exchange::Ending ending) override;

  bool reading() const;
  void handle(RequestReader::Event event);
  void on_head();
  void on_body();
  void on_request_end();
  void refuse(int status, std::string_view reason);
  void become_idle();
  void note_waiting();
  void begin_closing();
  void destroy_later();
  void on_reading_timeout();
  void on_stuck();
  // No limit where it is 0.
  void limit_reading(Duration limit) {
    limit > Duration::zero() ? reading_.set_after(limit) : reading_.clear();
  }
  void look_for_client();
  void sound_out_client();

  Server& server_;
  const Config& config_;
  PeerAddress peer_;
  std::string peer_text_;    // peer_ as text, once a request has come
  const bool peer_trusted_;  // a proxy that may say where a request came from
  Stream stream_;
  RequestReader reader_;
  Exchange exchange_;
  State state_ = State::kIdle;
  Timer reading_;  // idle, head, body, the end of lingering; while not reading, kPresence
  SendProgress send_progress_;
  Duration next_look_ = kPresence;
  uint64_t discarded_ = 0;
  bool upload_paused_ = false;
  bool linger_ = false;  // closing with the client perhaps still sending
  bool half_closed_ = false;
  uint64_t waiting_since_ = 0;                                 // the loop's turn
  bool fresh_ = true;                                          // no request has come yet
  bool client_ended_ = false;                                  // the client will send no more
  std::list<std::unique_ptr<Connection>>::iterator position_;  // in the server's list
};

}  // namespace watchdog

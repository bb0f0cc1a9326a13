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

namespace watchdog {

class Server;

// One client, exchange after exchange (HTTP/1.1 keep-alive and pipelining, answered in order).
// Owned by its Server.
//
//   idle --first byte--> head --head read--> body --end read--> answering --answered--> idle
//   answering --upgraded--> tunnel --answered--> closing
//   any but closing --answered and not to be kept, or refused--> closing --all sent--> gone
//   any --client gone, and nobody to run on for--> gone
//
// A client that says no more after its request may still take the answer (nc -N, socat, some
// gateways close their half). It is gone when what is sent to it is answered with a reset.
//
// A request that was answered before its end was read stays in body, where the rest is thrown away
// up to kMostDiscarded. Closing sends what is left, half-closes, and when the client may still be
// sending reads on for a moment: closing outright would make the kernel send a reset, which can
// destroy the answer on its way.
class Connection final : private Stream::Handler, private Exchange::Client {
 public:
  Connection(Server& server, Fd socket, const PeerAddress& peer);
  ~Connection() override;

  // Closes it now if no request is under way or half read.
  void close_if_idle();
  // Whether nothing is lost by destroying it at once: since an earlier turn it has waited for a
  // request, or for its client to close.
  bool dispensable() const;
  // The server is about to end: pass it on to the request under way.
  void on_stopping();
  // Ends the request under way, if any, with 503, and the connection.
  void abort();

 private:
  friend class Server;
  enum class State { kIdle, kHead, kBody, kResponding, kTunnel, kClosing };

  static constexpr uint64_t kMostDiscarded = 256 * 1024;
  static constexpr auto kLinger = std::chrono::seconds(2);
  // How often we ask whether a client is still there while nothing is read from it; soon, and then
  // later and later, when a reset from it is expected.
  static constexpr auto kPresence = std::chrono::seconds(1);
  static constexpr auto kFirstLook = std::chrono::milliseconds(1);
  // How long a connection that has just been accepted may take to send its request when no more are
  // wanted.
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
  void on_refused();
  void become_idle();
  void note_waiting();
  void begin_closing();
  void destroy_later();
  void on_reading_timeout();
  void on_writing_timeout();
  void limit_reading(Duration limit);
  void limit_writing();
  void look_for_client();
  void sound_out_client();

  Server& server_;
  PeerAddress peer_;
  std::string peer_text_;    // of peer_, once a request has come
  const bool peer_trusted_;  // to say where a request came from
  Stream stream_;
  RequestReader reader_;
  Exchange exchange_;
  State state_ = State::kIdle;
  Timer reading_;  // idle, head, body, the end of lingering; while not reading, kPresence
  Timer writing_;  // no progress in sending
  Duration next_look_ = kPresence;
  uint64_t sent_ = 0;   // bytes handed to the stream, ever
  uint64_t taken_ = 0;  // how many of them the client had taken when writing_ last looked
  uint64_t discarded_ = 0;
  bool upload_paused_ = false;
  bool linger_ = false;  // closing with the client perhaps still sending
  bool half_closed_ = false;
  uint64_t waiting_since_ = 0;                                 // the loop's turn
  bool fresh_ = true;                                          // no request has come yet
  bool client_ended_ = false;                                  // it will send no more
  std::list<std::unique_ptr<Connection>>::iterator position_;  // in the server's list
};

}  // namespace watchdog

#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"
#include "http/message.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/stream.h"
#include "net/timer.h"
#include "server/failure.h"
#include "server/gate.h"
#include "server/metrics.h"
#include "server/mode.h"

namespace watchdog {

// What every exchange of a server uses; all of it outlives the server.
struct ServerContext {
  Loop& loop;
  const Config& config;
  Metrics& metrics;
};

// The head of a response as a mode gives it. Framing, Date and Connection are the Exchange's.
struct ResponseHead {
  int status = 200;
  Fields fields{};
  std::optional<uint64_t> content_length{};  // unset: the length is not known yet
  // The fields are a server's own, Date and Content-Length among them.
  bool forwarded = false;
  std::string_view reason{};  // unset: the registered phrase
};

// One request and its response. Lives in its connection, which reuses it for request after request.
//
//   idle --start()--> open --head()--> responding --end() or fail()--> idle
//                      `------------ end() or fail() ------------------^
//
// Every request ends in finish(), exactly once: access log, metrics, the Slot, the invocation, and
// the connection is told. Before the head a failure is answered with a page; after it the
// connection is cut, so that a truncated body never looks whole.
class Exchange {
 public:
  // What becomes of the connection after a response.
  enum class Ending {
    kReuse,  // next request
    kClose,  // close when the response has left
    kReset,  // close so that the client must notice
  };

  // The connection, as its exchange sees it.
  class Client {
   public:
    virtual ~Client() = default;
    virtual void send(std::initializer_list<std::string_view> pieces) = 0;
    // As Stream::send_file().
    virtual FileSent send_file(int file, uint64_t offset, uint64_t size) = 0;
    // Bytes sent that have not left.
    virtual size_t unsent() const = 0;
    // Asks for Exchange::on_sent() when all bytes have left.
    virtual void notify_when_sent() = 0;
    // Stop and restart reading the request's body.
    virtual void pause_upload() = 0;
    virtual void resume_upload() = 0;
    // Whether the request has been read to its end.
    virtual bool request_complete() const = 0;
    // Whether this connection may serve another request.
    virtual bool may_stay_open() const = 0;
    virtual const PeerAddress& peer() const = 0;
    // Our end of the connection; asks the kernel.
    virtual PeerAddress local() const = 0;
    // No more HTTP: bytes come as on_body(), their end as on_body_end().
    virtual void become_tunnel() = 0;
    virtual void on_exchange_ended(Ending ending) = 0;
  };

  Exchange(const ServerContext& context, Client& client);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // --- for the connection ---

  // A request has come; `request` lives until the exchange has ended.
  void start(const RequestHead& request);
  // What the client sends is not, or is no longer, HTTP: answered, logged, and the connection
  // closed.
  void refuse(int status, std::string_view reason);
  void on_body(std::string_view bytes);
  void on_body_end(std::string_view trailers = {});
  // Nobody takes the answer any more.
  void on_client_gone();
  // The client will say no more. Whether it has gone or still takes the answer shows when something
  // is sent: a kernel whose process has closed the connection answers with a reset. So this sends,
  // once, the first bytes of what comes in any case: of the status line, or of the next chunk.
  void sound_out_client();
  void on_sent();
  // Whether a request is being answered.
  bool active() const { return state_ != State::kIdle; }
  // Whether all that is left to do is to send.
  bool only_sending() const { return state_ == State::kSending; }

  // --- for the service ---

  // Answers with `mode`, holding `slot` until the end.
  void invoke(Mode& mode, Slot slot);
  // Waits until `queued` calls admit() or fail(); nothing of the body is read meanwhile.
  void wait(std::unique_ptr<Invocation> queued) { invocation_ = std::move(queued); }
  // The same as invoke(), for a request that has waited.
  void admit(Mode& mode, Slot slot);
  // Answers at once. Neither logged nor counted: for the watchdog's own pages.
  void answer(const ResponseHead& head, std::string_view body);
  // Such a page that takes some time: `page` will call answer().
  void answer_later(std::unique_ptr<Invocation> page) { invocation_ = std::move(page); }
  // The server is about to end.
  void on_stopping();

  // --- for the mode ---

  const RequestHead& request() const { return *request_; }
  Loop& loop() { return context_.loop; }
  // The function begins to run: exec_timeout and X-Timeout count from here.
  void function_started();
  // What it answers may take as long as it likes: an event stream.
  void lift_time_limit();
  // The function itself answers an Expect: 100-continue.
  void leave_continue_to_function() { continue_by_function_ = true; }
  const PeerAddress& peer() const { return client_.peer(); }
  PeerAddress local() const { return client_.local(); }
  // Of the request, once its body has ended: field lines with their CRLFs.
  std::string_view trailers() const { return trailers_; }
  // Since the request's head was read.
  Duration elapsed() const { return context_.loop.now() - started_at_; }
  // Stop and restart the flow of the request's body.
  void pause_upload();
  void resume_upload();

  // What answers is a GET of `target` (RFC 3875 6.2.2): request() says so from here on, the mode is
  // asked again, and this invocation retired. The log names what the client asked for.
  void redirect(std::string_view target);
  // The function has done its part, and its slot is free: `answer` answers in its place, as
  // Mode::invoke() does, unless nobody is left to be answered. The current invocation is retired.
  void hand_over(const std::function<std::unique_ptr<Invocation>()>& answer);

  // An interim response (1xx), which some clients cannot take.
  void interim(const ResponseHead& head);
  void head(const ResponseHead& head);
  // In place of head(): a 101. Whatever either side sends from here on is passed on as it is.
  void upgrade(const ResponseHead& head, std::string_view protocol);
  void write(std::string_view bytes);
  // In place of write(), for a response of known length: as Stream::send_file(). After fewer than
  // `size` bytes without an error Invocation::on_response_drained() will come.
  FileSent send_file(int file, uint64_t offset, uint64_t size);
  // `trailers`: field lines with their CRLFs.
  void end(std::string_view trailers = {});
  // Ends the request badly. `detail` is for the log and, unless `page` is given, for the client.
  void fail(Failure failure, std::string_view detail = {}, std::string_view page = {});
  bool responding() const { return state_ == State::kResponding; }
  // The writer should pause its source until Invocation::on_response_drained().
  bool response_full();
  // The same as soon as anything of the response has not left: for a writer that can always go on.
  bool response_unsent();

 private:
  enum class State {
    kIdle,        // between requests
    kOpen,        // the response has not begun
    kResponding,  // its head is out
    kSending,     // the response is complete, but the client has not taken all of it
  };

  void start_invocation();
  void adopt(std::unique_ptr<Invocation> invocation);
  void send_head(const ResponseHead& head);
  void send_lines(std::string_view head);
  void send_page(int status, Failure failure, std::string_view text);
  void ask_for_body();
  void finish(Failure failure, std::string_view detail, Ending ending);
  void record(Failure failure, std::string_view detail);
  Duration time_limit() const;
  void on_deadline();

  const ServerContext& context_;
  Client& client_;
  const RequestHead* received_ = nullptr;
  const RequestHead* request_ = nullptr;  // the same, or redirected_
  RequestHead redirected_;
  std::string redirect_target_;
  unsigned redirects_ = 0;
  State state_ = State::kIdle;
  Instant started_at_{};
  std::optional<Slot> slot_;
  Mode* mode_ = nullptr;
  std::unique_ptr<Invocation> invocation_;
  Timer deadline_;  // of the head, then of the whole response
  Instant function_started_at_{};
  std::string_view trailers_{};
  int status_ = 0;
  uint64_t body_received_ = 0;
  uint64_t body_sent_ = 0;
  BodyFraming response_framing_ = BodyFraming::kNone;
  bool keep_alive_ = false;
  bool upload_paused_ = false;
  bool continue_due_ = false;  // the client waits for 100 Continue
  bool continue_by_function_ = false;
  bool tunnel_ = false;
  bool client_gone_ = false;  // but the function runs to its end
  bool drain_due_ = false;    // the invocation waits for on_response_drained()
  bool stopping_ = false;
  bool counted_ = false;    // in requests_in_flight
  bool page_sent_ = false;  // the response is a page of ours
  bool sounded_out_ = false;
  bool protocol_sent_ = false;  // the next head's first word
};

}  // namespace watchdog

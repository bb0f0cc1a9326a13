#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "auth/denial.h"
#include "config/config.h"
#include "http/message.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/stream.h"
#include "net/timer.h"
#include "server/failure.h"
#include "server/gate.h"
#include "server/kept_body.h"
#include "server/metrics.h"
#include "server/mode.h"
#include "server/response_writer.h"
#include "server/substituted_request.h"
#include "status/status_board.h"
#include "trace/tracer.h"

namespace watchdog {

class Service;

// What every exchange of a server uses; all of it outlives the server.
struct ServerContext {
  Loop& loop;
  const Config& config;
  Metrics& metrics;
  Tracer* tracer = nullptr;       // null: requests have no spans
  StatusBoard* status = nullptr;  // null: there is no status page
};

// One request and its response: the admission, the time limits, the mode's invocation and the end.
// A member of its connection, which reuses it for request after request.
//
//   idle --start()--> serving --end() or fail()--> idle
//                        `--end(), much unsent--> sending --all sent, or fail()--> idle
//
// While serving, the response begins with head(). Before the head a failure is answered with a
// page; after it the connection is cut, so that a truncated body never looks whole. Every request
// ends in finish(), exactly once: it writes the access record, gives the slot back, retires the
// invocation and tells the connection.
//
// The class has more public functions than others because it has three callers, each with its own
// part below: the connection reports what the client does, the service admits, and the mode
// answers.
class Exchange {
 public:
  // What the connection is to do after a response.
  enum class Ending {
    kReuse,  // wait for the next request
    kClose,  // close when the response has left
    kReset,  // close so that the client must notice
  };

  // The connection, as its exchange sees it.
  class Client : public ResponseWriter::Client {
   public:
    // The bytes sent that have not left.
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

  // Has `service` serve a request, which lives until the exchange has ended.
  void start(RequestHead& request, Service& service);
  // Answers what the client sent, which is not HTTP or came too late, logs it, and closes the
  // connection.
  void refuse(int status, std::string_view reason);
  void on_body(std::string_view bytes);
  // The body of a request that had not been complete when it began has ended.
  void on_body_end(std::string_view trailers = {});
  // Nobody takes the response any more.
  void on_client_gone();
  // The client will send no more. Sends the few bytes by which its kernel tells whether it has gone
  // or still takes the response (ResponseWriter::sound_out).
  void sound_out_client() { writer_.sound_out(); }
  void on_sent();
  // The server is about to end.
  void on_stopping() {
    stopping_ = true;
    if (current_.invocation) current_.invocation->on_stopping();
  }
  // Whether there is a request.
  bool active() const { return state_ != State::kIdle; }
  // Whether the response is complete and only has to be taken by the client.
  bool only_sending() const { return state_ == State::kSending; }

  // --- for the service ---

  // Has `mode` answer, holding `slot` until the end. The stand-in of wait() is retired.
  void run(Mode& mode, Slot slot);
  // Waits until `stand_in`, which is in the invocation's place, calls run(), answer() or fail().
  // It gets the body, unless it has paused the upload.
  void wait(std::unique_ptr<Invocation> stand_in) {
    current_.invocation = std::move(stand_in);
    ask_for_body();
  }
  // However it ends, it is neither logged nor counted.
  void leave_unrecorded() { current_.recorded = false; }
  // Refuses the caller, in any state of the request.
  void deny(const Denial& denial);
  // Has the function see who the caller is. `taken` is the time that it took to know. Before run().
  void identify(std::string subject, Duration taken) {
    current_.identified = std::make_unique<SubstitutedRequest>();
    current_.identified->identify(*current_.received, std::move(subject), taken);
  }
  // The body, which a stand-in has collected whole, for run() to pass on. Before run().
  void keep_body(std::string body) {
    current_.kept_body =
        std::make_unique<KeptBody>(context_.loop, std::move(body), [this] { pass_kept_body(); });
  }
  // The request begins to wait for something else, which its trace and the status page show.
  void enter(Phase phase) {
    if (phase == Phase::kQueue) current_.queued_at = context_.loop.now();
    if (current_.span || current_.place) enter(phase, context_.loop.now());
  }
  void enter(Phase phase, Instant now) {
    if (current_.span) current_.span->enter(phase, now);
    if (current_.place) current_.place.enter(phase);
  }
  // Answers with a page of the watchdog's own, which is neither logged nor counted.
  void answer(ResponseHead head, std::string_view body);

  // --- for the mode ---

  const RequestHead& request() const {
    if (current_.redirect) return current_.redirect->request;
    return current_.identified ? current_.identified->request : *current_.received;
  }
  Loop& loop() { return context_.loop; }
  // The function begins to run: exec_timeout and X-Timeout count from here.
  void function_started();
  // What the access line says of a request that has not failed. `text` outlives the exchange.
  void note(std::string_view text) { current_.note = text; }
  // The function prints its errors to this output of the StatusBoard, rather than to one of the
  // request's own.
  void set_output(StatusBoard::Output output) { current_.place.set_output(output); }
  // For the lines that the function prints to its standard error for this request alone.
  LineCopy error_copy() const { return current_.place.line_copy(); }
  // The process of the request took this long to start.
  void note_spawn(Duration taken) { current_.spawned = taken; }
  // The response may take as long as it likes: it is an event stream.
  void lift_time_limit() { deadline_.clear(); }
  // The function itself answers an Expect: 100-continue.
  void leave_continue_to_function() { current_.continue_by_function = true; }
  const PeerAddress& peer() const { return client_.peer(); }
  PeerAddress local() const { return client_.local(); }
  // The trailer fields of the request, once its body has ended: lines with their CRLFs.
  std::string_view trailers() const { return current_.trailers; }
  // The time since the request's head was read.
  Duration elapsed() const { return context_.loop.now() - current_.started_at; }
  // Stop and restart the flow of the request's body.
  void pause_upload();
  void resume_upload();

  // Answers with the response to a GET of `target` instead (a CGI local redirect, RFC 3875 6.2.2).
  // Invokes the mode again with the new request and retires the current invocation. The log names
  // what the client asked for.
  void redirect(std::string_view target);
  // The function has done its part, and its slot is free. `answer` answers in its place, as
  // Mode::invoke() does, unless nobody is left to be answered. Retires the current invocation.
  void hand_over(const std::function<std::unique_ptr<Invocation>()>& answer);

  // Sends an interim response (1xx); HTTP/1.0 clients get none.
  void interim(const ResponseHead& head);
  void head(const ResponseHead& head);
  // Sends a 101 in place of head(). From then on either side's bytes are passed on as they are.
  void upgrade(const ResponseHead& head, std::string_view protocol);
  void write(std::string_view bytes);
  // Sends a part of a file in place of write(), for a response of known length (Stream::send_file).
  // After fewer than `size` bytes without an error Invocation::on_response_drained() will come.
  FileSent send_file(int file, uint64_t offset, uint64_t size);
  // `trailers`: field lines with their CRLFs.
  void end(std::string_view trailers = {});
  // Ends the request badly. `detail` is for the log and, unless `page` is given, for the client.
  void fail(Failure failure, std::string_view detail = {}, std::string_view page = {});
  // Whether the head has been sent, and the response has not ended.
  bool responding() const { return state_ == State::kServing && writer_.begun(); }
  // Whether the writer should pause its source until Invocation::on_response_drained().
  bool response_full() { return client_.unsent() >= Stream::kFull && response_unsent(); }
  // Like response_full(), but true while any byte is unsent. For sources that can always give more,
  // such as files.
  bool response_unsent();

 private:
  enum class State { kIdle, kServing, kSending };
  static constexpr unsigned kMostRedirects = 10;

  // All that is known of one request; a new one for each.
  struct Request {
    const RequestHead* received = nullptr;
    std::unique_ptr<RequestSpan> span{};  // null: it has none; `received` has views of it
    StatusBoard::Place place{};
    Instant started_at{};
    bool continue_due = false;  // the client waits for 100 Continue
    bool continue_by_function = false;
    std::unique_ptr<SubstitutedRequest> identified{};  // the caller is known
    std::unique_ptr<SubstitutedRequest> redirect{};
    std::unique_ptr<KeptBody> kept_body{};
    std::string_view challenge{};  // of a denial
    std::string_view note{};       // for the access line
    unsigned redirects = 0;
    Mode* mode = nullptr;
    std::optional<Slot> slot{};
    std::unique_ptr<Invocation> invocation{};
    Instant function_started_at{};
    std::optional<Instant> queued_at{};  // while it is in the queue
    std::optional<Duration> queued{};    // how long it was in the queue
    std::optional<Duration> spawned{};   // how long its process took to start
    std::string_view trailers{};
    uint64_t body_received = 0;
    uint64_t counted_bytes = 0;  // of the response's body, in the metrics
    bool upload_paused = false;
    bool tunnel = false;
    bool client_gone = false;  // but the function runs to its end
    bool drain_due = false;    // the invocation waits for on_response_drained()
    bool in_flight = false;    // counted in the metrics as that
    bool page_sent = false;    // the response is an error page of ours
    bool recorded = true;      // in the access log and the metrics, at its end
  };

  bool open() const { return state_ == State::kServing && !writer_.begun(); }
  void begin(const RequestHead& request);
  void adopt(std::unique_ptr<Invocation> invocation);
  void retire_invocation() { context_.loop.retire(std::move(current_.invocation)); }
  void pass_kept_body();
  void drop_kept_body() { context_.loop.retire(std::move(current_.kept_body)); }
  void ask_for_body();
  bool exceeds_body_limit(uint64_t size);
  void send_head(const ResponseHead& head);
  // The function has begun its response, which pages of ours are not.
  void note_first_byte(Duration taken) {
    if (current_.recorded) context_.metrics.first_byte_seconds.observe(taken);
  }
  void count_sent() {
    const uint64_t sent = writer_.body_bytes();
    const uint64_t more = sent - std::exchange(current_.counted_bytes, sent);
    if (current_.recorded) context_.metrics.sent_bytes.fetch_add(more, std::memory_order_relaxed);
  }
  void send_page(int status, Failure failure, std::string_view text);
  Ending ending() const { return writer_.keep_alive() ? Ending::kReuse : Ending::kClose; }
  void finish(Failure failure, std::string_view detail, Ending ending);
  void write_record(Failure failure, std::string_view detail);
  void leave_queue() {
    if (!current_.queued_at) return;
    current_.queued = context_.loop.now() - *std::exchange(current_.queued_at, std::nullopt);
  }
  void on_deadline();

  const ServerContext& context_;
  Client& client_;
  ResponseWriter writer_;
  Timer deadline_;  // of the head, then of the whole response
  State state_ = State::kIdle;
  Request current_;
  bool stopping_ = false;  // functions have been asked to end, and stay so
};

}  // namespace watchdog

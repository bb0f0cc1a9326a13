#include "modes/http.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include "base/text.h"
#include "http/forward.h"
#include "modes/duration_text.h"
#include "server/exchange.h"
#include "server/upstream_probe.h"

namespace watchdog {

namespace {

// How much of a request is kept so that it can be sent again.
constexpr size_t kMostKept = 64 * 1024;
// How long until the end of an instance has been noticed, and how often we look for it.
constexpr auto kNoticed = std::chrono::milliseconds(10);
constexpr size_t kMostRefusals = 10;

// RFC 9110 9.2.2.
bool is_idempotent(std::string_view method) {
  constexpr std::array<std::string_view, 6> kMethods = {"GET",    "HEAD", "OPTIONS",
                                                        "DELETE", "PUT",  "TRACE"};
  return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

bool is_event_stream(const ResponseHead& head) {
  constexpr std::string_view kType = "text/event-stream";
  const Field* field = head.fields.find("content-type");
  return field != nullptr && equals_ignoring_case(field->value.substr(0, kType.size()), kType);
}

}  // namespace

// One request on its way to the server and its answer on the way back.
//
//   waiting --the function is ready--> connecting --connected--> passing --answer complete-->
//   (gone) passing --the reused connection was dead--> connecting
//
// With http_buffer_req_body a chunked body is collected before connecting.
class HttpInvocation final : public Invocation, private UpstreamConnection::Handler {
 public:
  HttpInvocation(HttpMode& mode, Exchange& exchange)
      : mode_(mode),
        exchange_(exchange),
        patience_(mode.context_.loop,
                  [this] { lose(Failure::kNotReady, "the function was not ready in time"); }),
        soon_(mode.context_.loop, [this] { go(); }) {}

  ~HttpInvocation() override { stop_waiting(); }

  void start() {
    collecting_ = mode_.context_.config.buffer_request_body &&
                  exchange_.request().framing == BodyFraming::kChunked;
    if (collecting_) return;
    exchange_.leave_continue_to_function();
    go();
  }

  // The function's state has changed.
  void on_function_state() {
    if (!waiting_) return;
    stop_waiting();
    go();
  }

  void on_body(std::string_view bytes) override {
    if (collecting_) {
      collected_.append(bytes);
      return;
    }
    if (tunnel_ || exchange_.request().framing != BodyFraming::kChunked) {
      send({bytes});
    } else {
      std::string size;
      append_chunk_header(size, bytes.size());
      send({size, bytes, "\r\n"});
    }
    if (connection_->full()) pause_upload();
  }

  void on_body_end() override {
    if (tunnel_) {
      if (connection_) connection_->shut_down();
      return;
    }
    body_sent_ = true;
    if (collecting_) {
      go();
      return;
    }
    if (exchange_.request().framing == BodyFraming::kChunked) {
      send({"0\r\n", forwarded_trailers(exchange_.trailers()), "\r\n"});
    }
  }

  void on_reply_drained() override {
    if (connection_) connection_->resume();
  }

  // The Supervisor tells the function.
  void on_shutdown() override {
    if (waiting_) lose(Failure::kDraining, "the function was not ready before the end");
  }

  void on_exec_timeout() override {
    if (backend_ != nullptr) mode_.context_.function.note_timeout(backend_->instance);
  }

 private:
  using State = FunctionState::Value;

  // Connects, waits or fails, as the function's state is.
  void go() {
    switch (mode_.context_.function.get()) {
      case State::kReady:
        patience_.clear();
        return connect();
      case State::kComing:
        return wait();
      case State::kGone:
        return lose(Failure::kNotReady, "the function's process has ended");
    }
  }

  void wait() {
    load_.reset();
    exchange_.upload_flow(false);
    mode_.waiting_.push_back(this);
    waiting_ = std::prev(mode_.waiting_.end());
    const Duration most = mode_.context_.config.startup_timeout;
    if (!patience_.armed() && most > Duration::zero()) patience_.set_after(most);
  }

  void stop_waiting() {
    if (!waiting_) return;
    mode_.waiting_.erase(*waiting_);
    waiting_.reset();
  }

  void connect() {
    Backend* const backend = mode_.choose();
    if (backend == nullptr) return wait();
    use(*backend);
    connection_ = backend_->pool.take();
    reused_ = connection_ != nullptr;
    if (reused_) {
      begin_sending();
    } else {
      dial();
    }
  }

  void begin_sending() {
    if (kept_.empty()) {
      send_head();
    } else {
      send_again();
    }
  }

  void use(Backend& backend) {
    backend_ = &backend;
    load_.emplace(backend.instance);
  }

  void dial() {
    exchange_.upload_flow(false);
    dial_ = backend_->pool.dial([this](Fd socket, int error) {
      mode_.context_.loop.retire(std::move(dial_));
      if (error != 0) return on_refused(error);
      connection_ = backend_->pool.adopt(std::move(socket));
      begin_sending();
    });
  }

  // It has just ended. Another one may be there, or it will be started again.
  void on_refused(int error) {
    const bool more = ++refusals_ < mode_.backends_.size();
    if (Backend* const other = more ? mode_.choose(backend_) : nullptr) {
      use(*other);
      return dial();
    }
    if (mode_.context_.function.get() == State::kComing) return wait();
    // Its end will be noticed in a moment, and it started again.
    const bool restarts = mode_.context_.config.restart != Restart::kNo;
    if (restarts && refusals_ < kMostRefusals) {
      load_.reset();
      return soon_.set_after(kNoticed);
    }
    lose(Failure::kUpstreamRefused,
         fmt::format("cannot connect to {}: {}", backend_->instance.url, strerror(error)));
  }

  void send_head() {
    const std::string peer = exchange_.peer().text();
    const uint64_t length = collected_.size();
    std::string head;
    head.reserve(1024);
    const Instance& instance = backend_->instance;
    append_forwarded_head(head, exchange_.request(),
                          {instance.upstream.prefix, instance.authority, peer},
                          collecting_ ? &length : nullptr);
    connection_->begin(*this, exchange_.request().method);
    send({head, collected_});
    exchange_.function_started();
    resume_upload();
  }

  void send_again() {
    connection_->begin(*this, exchange_.request().method);
    connection_->write({kept_});
    resume_upload();
  }

  void send(std::initializer_list<std::string_view> pieces) {
    if (!connection_) return;
    size_t size = 0;
    for (const auto piece : pieces) size += piece.size();
    sent_ += size;
    if ((reused_ || mode_.backends_.size() > 1) && sent_ <= kMostKept) {
      for (const auto piece : pieces) kept_.append(piece);
    }
    connection_->write(pieces);
  }

  void pause_upload() {
    exchange_.upload_flow(false);
    connection_->notify_when_drained();
  }

  void resume_upload() {
    if (connection_->full()) return pause_upload();
    exchange_.upload_flow(true);
  }

  // UpstreamConnection::Handler

  void on_response_head(const ResponseHead& head) override {
    mode_.context_.function.note_answer(backend_->instance);
    if (head.status == 101) return on_switched(head);
    ReplyHead reply{.status = head.status, .forwarded = true, .reason = head.reason};
    forward_fields(head, reply.fields);
    if (head.interim()) return exchange_.interim(reply);
    reply.content_length = head.content_length;
    const std::string duration = duration_text(exchange_.elapsed());
    reply.fields.add("X-Duration-Seconds", duration);
    exchange_.head(reply);
    if (is_event_stream(head)) exchange_.lift_time_limit();
  }

  void on_switched(const ResponseHead& head) {
    if (wanted_upgrade(exchange_.request().fields).empty()) {
      lose(Failure::kUpstreamBroken, "it switched protocols without being asked");
      return;
    }
    ReplyHead reply{.status = 101, .forwarded = true, .reason = head.reason};
    forward_fields(head, reply.fields);
    tunnel_ = true;
    const Field* protocol = head.fields.find("upgrade");
    exchange_.upgrade(reply, protocol != nullptr ? protocol->value : std::string_view());
  }

  void on_response_body(std::string_view bytes) override {
    exchange_.write(bytes);
    if (exchange_.reply_full()) connection_->pause();
  }

  void on_response_end(std::string_view trailers) override {
    const std::string passed_on = forwarded_trailers(trailers);
    load_.reset();
    if (request_sent() && !tunnel_) {
      backend_->pool.give_back(std::move(connection_));
    } else {
      drop_connection();
    }
    exchange_.end(passed_on);
  }

  void on_upstream_failed(std::string_view what) override {
    Backend* const next = may_send_again() ? reused_ ? backend_ : mode_.choose(backend_) : nullptr;
    if (next == nullptr) return lose(Failure::kUpstreamBroken, what);
    sent_again_ = !reused_;
    drop_connection();
    reused_ = false;
    use(*next);
    dial();
  }

  void on_upstream_drained() override { exchange_.upload_flow(true); }

  bool request_sent() const { return body_sent_ || !exchange_.request().has_body(); }

  // A connection that had been idle may have been closed from the other end just before we wrote;
  // on a fresh one it was the instance that ended, and another one is asked: one only, as it may
  // have been this request that ended it. Sending again is safe when nothing of the request can
  // have been seen, or when seeing it twice does no harm (RFC 9110 9.2.2).
  bool may_send_again() const {
    if (sent_again_ || sent_ > kMostKept || connection_->answered() || exchange_.replying()) {
      return false;
    }
    return is_idempotent(exchange_.request().method) || connection_->untaken() >= sent_;
  }

  void drop_connection() { mode_.context_.loop.retire(std::move(connection_)); }

  void lose(Failure failure, std::string_view what) {
    stop_waiting();
    drop_connection();
    exchange_.fail(failure, what);
  }

  HttpMode& mode_;
  Exchange& exchange_;
  std::optional<std::list<HttpInvocation*>::iterator> waiting_;
  Backend* backend_ = nullptr;  // once there was one
  std::optional<Load> load_;
  size_t refusals_ = 0;
  Timer patience_;  // while waiting for the function
  Timer soon_;      // connecting again
  std::unique_ptr<Dial> dial_;
  std::unique_ptr<UpstreamConnection> connection_;
  std::string kept_;       // what was sent, where it may have to be sent again
  std::string collected_;  // http_buffer_req_body
  uint64_t sent_ = 0;
  bool collecting_ = false;
  bool reused_ = false;
  bool sent_again_ = false;  // to another instance
  bool body_sent_ = false;
  bool tunnel_ = false;
};

HttpMode::HttpMode(const ModeContext& context)
    : context_(context), state_(context.function, context.loop, [this] { on_function_state(); }) {
  for (Instance& instance : context.function.instances()) {
    backends_.emplace_back(context.loop, instance);
  }
}

Backend* HttpMode::choose(const Backend* but_not) {
  const auto burden = [](const Backend& backend) {
    return std::pair(backend.instance.hung(), backend.instance.in_flight.load());
  };
  Backend* best = nullptr;
  ++next_;
  for (size_t i = 0; i < backends_.size(); ++i) {
    Backend& backend = backends_[(next_ + i) % backends_.size()];
    if (&backend == but_not || !backend.instance.ready()) continue;
    if (best == nullptr || burden(backend) < burden(*best)) best = &backend;
  }
  return best;
}

std::unique_ptr<Invocation> HttpMode::invoke(Exchange& exchange) {
  auto invocation = std::make_unique<HttpInvocation>(*this, exchange);
  invocation->start();
  return invocation;
}

std::unique_ptr<ReadinessProbe> HttpMode::readiness_probe() {
  const Backend* const backend = choose();
  if (context_.config.ready_path.empty() || backend == nullptr) return nullptr;
  const Instance& instance = backend->instance;
  return std::make_unique<UpstreamProbe>(context_.loop, instance.addresses, instance.url,
                                         instance.authority, context_.config.ready_path);
}

void HttpMode::on_function_state() {
  // Those that go on waiting do so at the end of a list of their own.
  const std::list<HttpInvocation*> told = waiting_;
  for (HttpInvocation* invocation : told) invocation->on_function_state();
}

std::unique_ptr<Mode> make_http_mode(const ModeContext& context) {
  return std::make_unique<HttpMode>(context);
}

}  // namespace watchdog

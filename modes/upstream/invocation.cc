#include "modes/upstream/invocation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "http/forward.h"
#include "modes/duration_text.h"
#include "modes/repaired_head.h"

namespace watchdog {

namespace {

// How much of a body is kept so that it can be sent again.
constexpr size_t kMostKept = 32 * 1024;
// How much of a collected body is read at a time.
constexpr size_t kReadAtOnce = 64 * 1024;
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

UpstreamInvocation::UpstreamInvocation(UpstreamMode& mode, Exchange& exchange)
    : mode_(mode),
      exchange_(exchange),
      patience_(mode.context().loop,
                [this] { lose(Failure::kNotReady, "the function was not ready in time"); }),
      soon_(mode.context().loop, [this] { go(); }),
      collected_(collection_limits(config())) {}

UpstreamInvocation::~UpstreamInvocation() {
  stop_waiting();
}

void UpstreamInvocation::start() {
  collecting_ = collects();
  if (!collecting_) go();
}

void UpstreamInvocation::on_function_state() {
  if (!waiting_) return;
  stop_waiting();
  go();
}

void UpstreamInvocation::on_body(std::string_view bytes) {
  if (collecting_) {
    const int error = collected_.append(bytes);
    if (error == 0) return;
    const BodyRefusal refusal = explain_spool_error(error, collection_limits(config()));
    return lose(refusal.failure, refusal.detail);
  }
  if (!tunnel_) keep(bytes);
  send_body(bytes);
  if (connection_ && connection_->full()) pause_upload();
}

// Keeps a short body, so that it can be sent again.
void UpstreamInvocation::keep(std::string_view bytes) {
  body_passed_ += bytes.size();
  const uint64_t whole = std::max(body_passed_, exchange_.request().content_length);
  if (whole > kMostKept) {
    kept_ = std::string();
    return;
  }
  if (kept_.empty()) kept_.reserve(whole);
  kept_.append(bytes);
}

void UpstreamInvocation::on_body_end() {
  if (tunnel_) {
    if (connection_) connection_->shut_down();
    return;
  }
  body_complete_ = true;
  if (collecting_) return go();
  send_body_end();
}

void UpstreamInvocation::on_reply_drained() {
  if (connection_) connection_->resume();
}

// The Supervisor tells the function.
void UpstreamInvocation::on_shutdown() {
  if (waiting_) lose(Failure::kDraining, "the function was not ready before the end");
}

void UpstreamInvocation::on_exec_timeout() {
  if (backend_ != nullptr) mode_.context().function.note_timeout(backend_->instance);
}

// Connects, waits or fails, as the function's state is.
void UpstreamInvocation::go() {
  switch (mode_.context().function.get()) {
    case FunctionState::Value::kReady:
      patience_.clear();
      return connect();
    case FunctionState::Value::kComing:
      return wait();
    case FunctionState::Value::kGone:
      return lose(Failure::kNotReady, "the function's process has ended");
  }
}

void UpstreamInvocation::wait() {
  load_.reset();
  exchange_.upload_flow(false);
  mode_.waiting_.push_back(this);
  waiting_ = std::prev(mode_.waiting_.end());
  const Duration most = config().startup_timeout;
  if (!patience_.armed() && most > Duration::zero()) patience_.set_after(most);
}

void UpstreamInvocation::stop_waiting() {
  if (!waiting_) return;
  mode_.waiting_.erase(*waiting_);
  waiting_.reset();
}

void UpstreamInvocation::connect() {
  Backend* const backend = mode_.choose();
  if (backend == nullptr) return wait();
  use(*backend);
  connection_ =
      backend_->pool.take(exchange_.request().has_body() ? UpstreamPool::Asking::kNeeded
                                                         : UpstreamPool::Asking::kNotNeeded);
  reused_ = connection_ != nullptr;
  if (reused_) {
    begin_sending();
  } else {
    dial();
  }
}

void UpstreamInvocation::use(Backend& backend) {
  backend_ = &backend;
  load_.emplace(backend.instance);
}

void UpstreamInvocation::dial() {
  exchange_.upload_flow(false);
  dial_ = backend_->pool.dial([this](Fd socket, int error) {
    mode_.context().loop.retire(std::move(dial_));
    if (error != 0) return on_refused(error);
    connection_ = backend_->pool.adopt(std::move(socket));
    begin_sending();
  });
}

// It has just ended. Another one may be there, or it will be started again.
void UpstreamInvocation::on_refused(int error) {
  const bool more = ++refusals_ < mode_.backends_.size();
  if (Backend* const other = more ? mode_.choose(backend_) : nullptr) {
    use(*other);
    return dial();
  }
  if (mode_.context().function.get() == FunctionState::Value::kComing) return wait();
  // Its end will be noticed in a moment, and it started again.
  const bool restarts = config().restart != Restart::kNo;
  if (restarts && refusals_ < kMostRefusals) {
    load_.reset();
    return soon_.set_after(kNoticed);
  }
  lose(Failure::kUpstreamRefused,
       fmt::format("cannot connect to {}: {}", backend_->instance.url, strerror(error)));
}

void UpstreamInvocation::begin_sending() {
  connection_->begin(*this, exchange_.request().method);
  continue_due_ = exchange_.request().expects_continue;
  if (!send_head()) return;
  if (collecting_) {
    collected_sent_ = 0;
    return send_collected();
  }
  send_body(kept_);
  if (body_complete_) send_body_end();
  resume_upload();
}

// False: it cannot be sent, and the exchange has failed.
bool UpstreamInvocation::send_head() {
  const uint64_t length = collected_.size();
  std::string head;
  head.reserve(1024);
  if (const auto problem =
          append_request(head, backend_->instance, collecting_ ? &length : nullptr)) {
    lose(Failure::kEnvironmentTooLarge, *problem);
    return false;
  }
  connection_->write({head});
  if (!std::exchange(sent_, true)) exchange_.function_started();
  return true;
}

void UpstreamInvocation::send_body(std::string_view bytes) {
  if (!connection_) return;
  if (tunnel_) return connection_->write({bytes});
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, kMostInFrame);
    bytes.remove_prefix(piece.size());
    const Frame around = frame(piece.size());
    connection_->write({around.before, piece, around.after});
  }
}

void UpstreamInvocation::send_body_end() {
  if (connection_ && exchange_.request().has_body()) connection_->write({body_end()});
}

void UpstreamInvocation::send_collected() {
  std::string piece;
  while (connection_ && collected_sent_ < collected_.size()) {
    if (connection_->full()) return connection_->notify_when_drained();
    piece.clear();
    const int error = collected_.read(collected_sent_, kReadAtOnce, piece);
    if (piece.empty()) {
      return lose(Failure::kInternal, fmt::format("the body is lost: {}", strerror(error)));
    }
    collected_sent_ += piece.size();
    send_body(piece);
    if (collected_sent_ == collected_.size()) send_body_end();
  }
}

void UpstreamInvocation::pause_upload() {
  exchange_.upload_flow(false);
  connection_->notify_when_drained();
}

void UpstreamInvocation::resume_upload() {
  if (connection_->full()) return pause_upload();
  exchange_.upload_flow(true);
}

void UpstreamInvocation::on_response_head(const ResponseHead& head) {
  mode_.context().function.note_answer(backend_->instance);
  if (const std::string_view target = connection_->local_redirect(); !target.empty()) {
    drop_connection();
    return exchange_.redirect(local_target(target));
  }
  warn_of_repair(head.repaired);
  if (head.status == 101) return on_switched(head);
  ReplyHead reply{.status = head.status, .forwarded = true, .reason = head.reason};
  forward_fields(head, reply.fields);
  if (head.interim()) return pass_on_interim(reply);
  reply.content_length = head.content_length;
  const std::string duration = duration_text(exchange_.elapsed());
  reply.fields.add("X-Duration-Seconds", duration);
  exchange_.head(reply);
  if (is_event_stream(head)) exchange_.lift_time_limit();
}

void UpstreamInvocation::pass_on_interim(const ReplyHead& reply) {
  if (reply.status == 100) continue_due_ = false;
  exchange_.interim(reply);
  if (exchange_.reply_full()) connection_->pause();
}

void UpstreamInvocation::on_switched(const ResponseHead& head) {
  if (wanted_upgrade(exchange_.request()).empty()) {
    lose(Failure::kUpstreamBroken, "it switched protocols without being asked");
    return;
  }
  ReplyHead reply{.status = 101, .forwarded = true, .reason = head.reason};
  forward_fields(head, reply.fields);
  tunnel_ = true;
  const Field* protocol = head.fields.find("upgrade");
  exchange_.upgrade(reply, protocol != nullptr ? protocol->value : std::string_view());
}

void UpstreamInvocation::on_response_body(std::string_view bytes) {
  exchange_.write(bytes);
  if (connection_ && exchange_.reply_full()) connection_->pause();
}

void UpstreamInvocation::on_response_end(std::string_view trailers) {
  const std::string passed_on = forwarded_trailers(trailers);
  load_.reset();
  if (may_reuse_connection()) {
    backend_->pool.give_back(std::move(connection_));
  } else {
    drop_connection();
  }
  exchange_.end(passed_on);
}

void UpstreamInvocation::on_upstream_failed(Failure failure, std::string_view what) {
  Backend* const next = may_send_again() ? reused_ ? backend_ : mode_.choose(backend_) : nullptr;
  if (next == nullptr) return lose(failure, what);
  sent_again_ = !reused_;
  drop_connection();
  reused_ = false;
  use(*next);
  dial();
}

void UpstreamInvocation::on_upstream_drained() {
  if (collecting_) return send_collected();
  exchange_.upload_flow(true);
}

bool UpstreamInvocation::request_sent() const {
  if (collecting_) return collected_sent_ == collected_.size();
  return body_complete_ || !exchange_.request().has_body();
}

// See UpstreamConnection for what else must hold.
bool UpstreamInvocation::may_reuse_connection() const {
  return request_sent() && !tunnel_ && !continue_due_ && may_keep(*backend_);
}

// A connection that had been idle may have been closed from the other end just before we wrote;
// on a fresh one it was the instance that ended, and another one is asked: one only, as it may
// have been this request that ended it. Sending again is safe when nothing of the request can
// have been seen, or when seeing it twice does no harm (RFC 9110 9.2.2).
bool UpstreamInvocation::may_send_again() const {
  if (sent_again_ || connection_->answered() || exchange_.replying()) return false;
  if (!collecting_ && body_passed_ > kMostKept) return false;
  return is_idempotent(exchange_.request().method) || connection_->nothing_received();
}

void UpstreamInvocation::drop_connection() {
  if (connection_) backend_->pool.discard(std::move(connection_));
}

void UpstreamInvocation::lose(Failure failure, std::string_view what) {
  if (backend_ != nullptr && backend_->instance.asked_to_end) failure = Failure::kDraining;
  stop_waiting();
  drop_connection();
  exchange_.fail(failure, what);
}

}  // namespace watchdog

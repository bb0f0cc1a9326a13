#include "modes/upstream/upstream_invocation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "http/forward.h"
#include "modes/gateway/repaired_head.h"

namespace watchdog {

namespace {

// How much of a body is kept so that it can be sent again.
constexpr size_t kMostKept = 32 * 1024;
// How much of a collected body is read at a time.
constexpr size_t kReadAtOnce = 64 * 1024;
// How often a request is sent again when a new connection breaks off: once, as it may have been this
// request that ended the server, and more often where the server has probably not read it.
constexpr unsigned kMostSentAgain = 1;
constexpr unsigned kMostSentAgainUnread = 3;

// RFC 9110 9.2.2.
bool is_idempotent(std::string_view method) {
  constexpr std::array<std::string_view, 6> kMethods = {"GET",    "HEAD", "OPTIONS",
                                                        "DELETE", "PUT",  "TRACE"};
  return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

bool is_event_stream(const UpstreamResponse& head) {
  constexpr std::string_view kType = "text/event-stream";
  const Field* field = head.fields.find("content-type");
  return field != nullptr && equals_ignoring_case(field->value.substr(0, kType.size()), kType);
}

}  // namespace

UpstreamInvocation::UpstreamInvocation(UpstreamMode& mode, Exchange& exchange)
    : mode_(mode),
      exchange_(exchange),
      ready_deadline_(mode.context().loop, [this] { on_not_ready_in_time(); }),
      collected_(mode.context().loop, collection_limits(config())) {}

UpstreamInvocation::~UpstreamInvocation() {
  stop_waiting();
  stop_awaiting();
}

void UpstreamInvocation::start() {
  collecting_ = collects();
  if (!collecting_) proceed();
}

void UpstreamInvocation::on_function_state() {
  if (!waiting_) return;
  stop_waiting();
  proceed();
}

void UpstreamInvocation::on_body(std::string_view bytes) {
  if (collecting_) {
    const int error = collected_.append(bytes);
    if (error == 0) return;
    const BodyRefusal refusal = explain_spool_error(error, collection_limits(config()));
    return fail_request(refusal.failure, refusal.detail);
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
    if (connection_) connection_->half_close();
    return;
  }
  body_complete_ = true;
  if (collecting_) return proceed();
  send_body_end();
}

void UpstreamInvocation::on_response_drained() {
  if (connection_) connection_->resume();
}

// The Supervisor tells the function.
void UpstreamInvocation::on_stopping() {
  if (waiting_) fail_request(Failure::kDraining, "the function was not ready before the end");
}

void UpstreamInvocation::on_exec_timeout() {
  if (upstream_ != nullptr) mode_.context().function.note_timeout(upstream_->instance);
}

// Connects, waits or fails, as the function's state is.
void UpstreamInvocation::proceed() {
  switch (mode_.context().function.get()) {
    case Instance::State::kReady:
      ready_deadline_.clear();
      return connect();
    case Instance::State::kComing:
      return wait();
    case Instance::State::kGone:
      if (!broken_.empty()) return fail_request(Failure::kUpstreamBroken, broken_);
      return fail_after_the_end();
  }
}

void UpstreamInvocation::fail_after_the_end() {
  const std::string why = mode_.context().function.why_gone();
  if (why.empty()) return fail_request(Failure::kDraining, "the function was asked to end");
  fail_request(Failure::kNotReady, why);
}

void UpstreamInvocation::wait() {
  in_flight_.reset();
  exchange_.pause_upload();
  mode_.waiting_.push_back(this);
  waiting_ = std::prev(mode_.waiting_.end());
  const Duration most = config().startup_timeout;
  if (!ready_deadline_.armed() && most > Duration::zero()) ready_deadline_.set_after(most);
}

void UpstreamInvocation::stop_waiting() {
  if (!waiting_) return;
  mode_.waiting_.erase(*waiting_);
  waiting_.reset();
}

void UpstreamInvocation::connect() {
  Upstream* const upstream = mode_.choose();
  if (upstream == nullptr) return wait();
  connect_to(*upstream);
}

void UpstreamInvocation::connect_to(Upstream& upstream) {
  use(upstream);
  const bool has_body = exchange_.request().has_body();
  if (takes_used()) {
    connection_ = upstream.pool.take(has_body ? UpstreamPool::Asking::kNeeded
                                              : UpstreamPool::Asking::kNotNeeded);
  }
  if (connection_) return begin_sending();
  await_connection();
}

void UpstreamInvocation::use(Upstream& upstream) {
  upstream_ = &upstream;
  in_flight_.emplace(upstream.instance);
}

// The function's time begins: that it accepts no connection is its own affair.
void UpstreamInvocation::await_connection() {
  exchange_.pause_upload();
  if (!sent_) exchange_.function_started();
  awaiting_ = &upstream_->pool;
  awaiting_->await(*this);
}

void UpstreamInvocation::stop_awaiting() {
  if (awaiting_ != nullptr) std::exchange(awaiting_, nullptr)->forget(*this);
}

void UpstreamInvocation::on_connection(std::unique_ptr<UpstreamConnection> connection) {
  awaiting_ = nullptr;
  connection_ = std::move(connection);
  begin_sending();
}

// It has ended, or is just being started again, by us or by a master of its own. Another instance
// may be there.
void UpstreamInvocation::on_refused(int error) {
  refused_ = error;
  const Instance& instance = upstream_->instance;
  if (instance.asked_to_end) return fail_refused(error);
  const bool more = ++refusals_ < mode_.upstreams_.size();
  Upstream* const other = more ? mode_.choose(upstream_) : nullptr;
  if (other == nullptr && !broken_.empty() && !instance.ready() && !instance.ended_well) {
    return fail_request(Failure::kUpstreamBroken, broken_);
  }
  if (other != nullptr || !instance.ready()) {
    stop_awaiting();
    return other != nullptr ? connect_to(*other) : proceed();
  }
  const Duration most = config().startup_timeout;
  if (most == Duration::zero()) return;
  const auto since = upstream_->pool.refusing_since();
  if (since && mode_.context().loop.now() - *since >= most) return fail_refused(error);
  if (ready_deadline_.armed()) return;
  if (!sent_) exchange_.lift_time_limit();
  ready_deadline_.set_after(most);
}

void UpstreamInvocation::on_unreachable(int error) {
  awaiting_ = nullptr;
  fail_refused(error);
}

void UpstreamInvocation::on_not_ready_in_time() {
  if (!broken_.empty()) return fail_request(Failure::kUpstreamBroken, broken_);
  if (awaiting_ && refused_ != 0) return fail_refused(refused_);
  fail_request(Failure::kNotReady,
               fmt::format("the function was not ready within startup_timeout={}",
                           format_duration(config().startup_timeout)));
}

void UpstreamInvocation::fail_refused(int error) {
  fail_request(Failure::kUpstreamRefused,
               fmt::format("cannot connect to {}: {}", upstream_->instance.url, strerror(error)));
}

void UpstreamInvocation::begin_sending() {
  ready_deadline_.clear();
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
          append_request(head, upstream_->instance, collecting_ ? &length : nullptr)) {
    fail_request(Failure::kEnvironmentTooLarge, *problem);
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
      return fail_request(Failure::kInternal, fmt::format("the body is lost: {}", strerror(error)));
    }
    collected_sent_ += piece.size();
    send_body(piece);
    if (collected_sent_ == collected_.size()) send_body_end();
  }
}

void UpstreamInvocation::pause_upload() {
  exchange_.pause_upload();
  connection_->notify_when_drained();
}

void UpstreamInvocation::resume_upload() {
  if (connection_->full()) return pause_upload();
  exchange_.resume_upload();
}

void UpstreamInvocation::on_response_head(const UpstreamResponse& head) {
  mode_.context().function.note_response(upstream_->instance);
  if (const std::string_view target = connection_->local_redirect(); !target.empty()) {
    drop_connection();
    return exchange_.redirect(local_target(target));
  }
  warn_of_repair(head.repaired);
  if (AccelRoot* const root = accel_root()) accel_ = root->response(head);
  if (accel_) return;
  if (head.status == 101) return on_switched(head);
  ResponseHead response{.status = head.status, .forwarded = true, .reason = head.reason};
  forward_fields(head, response.fields);
  if (head.interim()) return pass_on_interim(response);
  response.content_length = head.content_length;
  response.timed = true;
  exchange_.head(response);
  if (is_event_stream(head)) exchange_.lift_time_limit();
}

void UpstreamInvocation::pass_on_interim(const ResponseHead& response) {
  if (response.status == 100) continue_due_ = false;
  exchange_.interim(response);
  if (exchange_.response_full()) connection_->pause();
}

void UpstreamInvocation::on_switched(const UpstreamResponse& head) {
  if (wanted_upgrade(exchange_.request()).empty()) {
    fail_request(Failure::kUpstreamBroken, "it switched protocols without being asked");
    return;
  }
  ResponseHead response{.status = 101, .forwarded = true, .reason = head.reason};
  forward_fields(head, response.fields);
  tunnel_ = true;
  const Field* protocol = head.fields.find("upgrade");
  exchange_.upgrade(response, protocol != nullptr ? protocol->value : std::string_view());
}

void UpstreamInvocation::on_response_body(std::string_view bytes) {
  if (accel_) {
    if (accel_->discard(bytes)) return;
    drop_connection();
    in_flight_.reset();
    return accel_->send(exchange_);
  }
  exchange_.write(bytes);
  if (connection_ && exchange_.response_full()) connection_->pause();
}

void UpstreamInvocation::on_response_end(std::string_view trailers) {
  const std::string passed_on = forwarded_trailers(trailers);
  in_flight_.reset();
  if (may_reuse_connection()) {
    upstream_->pool.give_back(std::move(connection_));
  } else {
    drop_connection();
  }
  if (accel_) return accel_->send(exchange_);
  exchange_.end(passed_on);
}

void UpstreamInvocation::on_upstream_failed(Failure failure, std::string_view what) {
  if (!may_send_again()) return fail_request(failure, what);
  const bool was_used = connection_->requests() > 1;
  if (!was_used) ++sent_again_;
  if (!was_used && !connection_->was_reset()) broken_ = what;
  needs_new_connection_ = true;
  drop_connection();
  Upstream* const other = was_used ? nullptr : mode_.choose(upstream_);
  connect_to(other != nullptr ? *other : *upstream_);
}

void UpstreamInvocation::on_upstream_drained() {
  if (collecting_) return send_collected();
  exchange_.resume_upload();
}

bool UpstreamInvocation::request_sent() const {
  if (collecting_) return collected_sent_ == collected_.size();
  return body_complete_ || !exchange_.request().has_body();
}

// See UpstreamConnection for what else must hold.
bool UpstreamInvocation::may_reuse_connection() const {
  return request_sent() && !tunnel_ && !continue_due_ && may_keep(*upstream_);
}

// A connection that had been idle may have been closed from the other end just before we wrote;
// on a new one it was the server that ended, or a worker of it, or one that was not up yet. Sending
// again is safe when nothing of the request can have been seen, or when seeing it twice does no
// harm (RFC 9110 9.2.2). A process that failed with a request that it had read is not waited
// for: the request may have been what ended it.
bool UpstreamInvocation::may_send_again() const {
  if (connection_->answered() || exchange_.responding()) return false;
  if (!collecting_ && body_passed_ > kMostKept) return false;
  if (!is_idempotent(exchange_.request().method) && !connection_->nothing_received()) return false;
  if (connection_->requests() > 1) return true;
  return sent_again_ < (connection_->was_reset() ? kMostSentAgainUnread : kMostSentAgain);
}

void UpstreamInvocation::drop_connection() {
  if (connection_) upstream_->pool.discard(std::move(connection_));
}

void UpstreamInvocation::fail_request(Failure failure, std::string_view what) {
  stop_waiting();
  stop_awaiting();
  if (upstream_ != nullptr) {
    if (upstream_->instance.asked_to_end) failure = Failure::kDraining;
    drop_connection();
  }
  exchange_.fail(failure, what);
}

}  // namespace watchdog

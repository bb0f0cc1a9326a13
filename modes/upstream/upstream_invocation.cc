#include "modes/upstream/upstream_invocation.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "base/text.h"
#include "http/forward.h"
#include "modes/gateway/repaired_head.h"

namespace watchdog {

namespace {

bool is_event_stream(const UpstreamResponse& head) {
  constexpr std::string_view kType = "text/event-stream";
  const Field* field = head.fields.find("content-type");
  return field != nullptr && equals_ignoring_case(field->value.substr(0, kType.size()), kType);
}

}  // namespace

UpstreamInvocation::UpstreamInvocation(Upstreams& upstreams, Exchange& exchange,
                                       std::optional<Application::Call> call, AccelRoot* accel_root)
    : upstreams_(upstreams),
      exchange_(exchange),
      accel_root_(accel_root),
      request_(upstreams.protocol(), exchange, upstreams.config(), std::move(call)),
      ready_deadline_(exchange.loop(), [this] { on_not_ready_in_time(); }) {
  if (!request_.collects()) proceed();
}

UpstreamInvocation::~UpstreamInvocation() {
  stop_awaiting();
  if (!connection_) return;
  const std::string farewell = upstreams_.protocol().abort(connection_->requests());
  if (!farewell.empty()) connection_->abandon(farewell);
}

void UpstreamInvocation::on_body(std::string_view bytes) {
  if (!tunnel_) {
    if (const auto problem = request_.on_body(bytes, connection_.get())) {
      return fail_request(*problem);
    }
  } else if (connection_) {
    connection_->write({bytes});
  }
  if (connection_ && connection_->full()) pause_upload();
}

void UpstreamInvocation::on_body_end() {
  if (tunnel_) {
    if (connection_) connection_->half_close();
    return;
  }
  request_.on_body_end(connection_.get());
  if (request_.collects()) proceed();
}

void UpstreamInvocation::on_response_drained() {
  if (connection_) connection_->resume();
}

// The function is asked to end by its Supervisor, not here.
void UpstreamInvocation::on_stopping() {
  if (waiting_.waiting())
    fail_request(Failure::kDraining, "the function was not ready before the end");
}

void UpstreamInvocation::on_exec_timeout() {
  if (upstream_ != nullptr) upstreams_.function().note_timeout(upstream_->instance);
}

void UpstreamInvocation::on_function_state() {
  proceed();
}

void UpstreamInvocation::proceed() {
  switch (upstreams_.function().get()) {
    case Instance::State::kReady:
      ready_deadline_.clear();
      if (Upstream* const upstream = upstreams_.choose()) return connect_to(*upstream);
      return wait();
    case Instance::State::kComing:
      return wait();
    case Instance::State::kGone:
      if (!request_.broken().empty())
        return fail_request(Failure::kUpstreamBroken, request_.broken());
      return fail_after_the_end();
  }
}

void UpstreamInvocation::fail_after_the_end() {
  exchange_.set_output(upstreams_.function().instances().front().output);
  const std::string why = upstreams_.function().why_gone();
  if (why.empty()) return fail_request(Failure::kDraining, "the function was asked to end");
  fail_request(Failure::kNotReady, why);
}

void UpstreamInvocation::wait() {
  in_flight_.reset();
  exchange_.set_output(upstreams_.function().instances().front().output);
  exchange_.enter(Phase::kStart);
  exchange_.pause_upload();
  waiting_ = upstreams_.wait(*this);
  const Duration most = upstreams_.config().startup_timeout;
  if (!ready_deadline_.armed() && most > Duration::zero()) ready_deadline_.set_after(most);
}

void UpstreamInvocation::connect_to(Upstream& upstream) {
  upstream_ = &upstream;
  in_flight_.emplace(upstream.instance);
  exchange_.set_output(upstream.instance.output);
  const bool has_body = exchange_.request().has_body();
  if (takes_used()) {
    connection_ = upstream.pool.take(has_body ? ConnectionPool::Liveness::kAskKernel
                                              : ConnectionPool::Liveness::kAsNoticed);
  }
  if (connection_) return begin_sending();
  await_connection();
}

// exec_timeout counts from here: the time until the function accepts the connection is its own.
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

// The instance has ended or is being started again, by us or by a master of its own. Another one
// may be ready.
void UpstreamInvocation::on_refused(int error) {
  refused_ = error;
  const Instance& instance = upstream_->instance;
  if (instance.asked_to_end) return fail_refused(error);
  const bool more = ++refusals_ < upstreams_.size();
  Upstream* const other = more ? upstreams_.choose(upstream_) : nullptr;
  if (other == nullptr && !request_.broken().empty() && !instance.ready() && !instance.ended_well) {
    return fail_request(Failure::kUpstreamBroken, request_.broken());
  }
  if (other != nullptr || !instance.ready()) {
    stop_awaiting();
    return other != nullptr ? connect_to(*other) : proceed();
  }
  const Duration most = upstreams_.config().startup_timeout;
  if (most == Duration::zero()) return;
  const auto since = upstream_->pool.refusing_since();
  if (since && exchange_.loop().now() - *since >= most) return fail_refused(error);
  if (ready_deadline_.armed()) return;
  if (!sent_) exchange_.lift_time_limit();
  ready_deadline_.set_after(most);
}

void UpstreamInvocation::on_unreachable(int error) {
  awaiting_ = nullptr;
  fail_refused(error);
}

void UpstreamInvocation::on_not_ready_in_time() {
  if (!request_.broken().empty()) return fail_request(Failure::kUpstreamBroken, request_.broken());
  if (awaiting_ && refused_ != 0) return fail_refused(refused_);
  fail_request(Failure::kNotReady,
               fmt::format("the function was not ready within startup_timeout={}",
                           format_duration(upstreams_.config().startup_timeout)));
}

void UpstreamInvocation::fail_refused(int error) {
  fail_request(Failure::kUpstreamRefused,
               fmt::format("cannot connect to {}: {}", upstream_->instance.url, strerror(error)));
}

void UpstreamInvocation::begin_sending() {
  ready_deadline_.clear();
  connection_->begin(*this, exchange_.request().method);
  continue_due_ = exchange_.request().expects_continue;
  if (const auto problem = request_.send_head(*connection_, upstream_->instance)) {
    return fail_request(*problem);
  }
  if (!std::exchange(sent_, true)) exchange_.function_started();
  if (const auto problem = request_.send_body(*connection_)) return fail_request(*problem);
  if (!request_.collects()) resume_upload();
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
  upstreams_.function().note_response(upstream_->instance);
  if (const std::string_view target = connection_->local_redirect(); !target.empty()) {
    drop_connection();
    return exchange_.redirect(request_.local_target(target));
  }
  warn_of_repair(head.repaired);
  if (accel_root_ != nullptr) accel_ = accel_root_->response(head);
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
  const UpstreamRequest::Break end{.was_used = connection_->requests() > 1,
                                   .response_begun = connection_->response_begun(),
                                   .was_reset = connection_->was_reset(),
                                   .nothing_received = connection_->nothing_received()};
  if (exchange_.responding() || !request_.may_send_again(end)) return fail_request(failure, what);
  request_.note_break(end, what);
  drop_connection();
  Upstream* const other = end.was_used ? nullptr : upstreams_.choose(upstream_);
  connect_to(other != nullptr ? *other : *upstream_);
}

void UpstreamInvocation::on_upstream_drained() {
  if (tunnel_ || !request_.collects()) return exchange_.resume_upload();
  if (const auto problem = request_.send_collected(*connection_)) fail_request(*problem);
}

// See UpstreamConnection for what else must hold.
bool UpstreamInvocation::may_reuse_connection() const {
  return request_.sent() && !tunnel_ && !continue_due_;
}

void UpstreamInvocation::drop_connection() {
  if (connection_) upstream_->pool.discard(std::move(connection_));
}

void UpstreamInvocation::fail_request(Failure failure, std::string_view what) {
  waiting_.leave();
  stop_awaiting();
  if (upstream_ != nullptr) {
    if (upstream_->instance.asked_to_end) failure = Failure::kDraining;
    drop_connection();
  }
  exchange_.fail(failure, what);
}

}  // namespace watchdog

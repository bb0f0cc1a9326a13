#include "server/exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "net/stream.h"
#include "server/access_record.h"
#include "server/service.h"
#include "server/time_limit.h"

namespace watchdog {

Exchange::Exchange(const ServerContext& context, Client& client)
    : context_(context),
      client_(client),
      writer_(client),
      deadline_(context.loop, [this] { on_deadline(); }) {}

// Only with its connection, when nobody is left to be answered.
Exchange::~Exchange() {
  if (current_.in_flight) --context_.metrics.requests_in_flight;
}

void Exchange::begin(const RequestHead& request) {
  current_ = {.received = &request,
              .started_at = context_.loop.now(),
              .continue_due = request.expects_continue};
  writer_.start(request);
  state_ = State::kServing;
}

void Exchange::start(RequestHead& request, Service& service) {
  begin(request);
  if (context_.tracer != nullptr)
    current_.span = context_.tracer->begin(request, current_.started_at);
  if (context_.status != nullptr) {
    current_.place = context_.status->begin(request.method, request.target, current_.started_at);
  }
  service.serve(*this);
}

void Exchange::refuse(int status, std::string_view reason) {
  static const RequestHead unreadable{.method = "-", .target = "-", .keep_alive = false};
  if (!active()) begin(unreadable);
  if (open()) send_page(status, Failure::kBadRequest, fmt::format("{}\n", reason));
  finish(Failure::kBadRequest, reason, Ending::kClose);
}

void Exchange::run(Mode& mode, Slot slot) {
  retire_invocation();
  resume_upload();
  current_.mode = &mode;
  current_.slot = std::move(slot);
  leave_queue();
  if (current_.place) current_.place.enter(Phase::kUpload);
  current_.in_flight = true;
  ++context_.metrics.requests_in_flight;
  if (request().framing == BodyFraming::kSized && exceeds_body_limit(request().content_length)) {
    return;
  }
  adopt(mode.invoke(*this));
}

void Exchange::adopt(std::unique_ptr<Invocation> invocation) {
  if (!active()) {
    context_.loop.retire(std::move(invocation));
    return;
  }
  current_.invocation = std::move(invocation);
  ask_for_body();
  if (current_.kept_body) return current_.kept_body->schedule();
  // A GET by local redirect has no body; what the client still sends is not its.
  const bool ended = current_.redirect || client_.request_complete();
  if (ended && current_.invocation) current_.invocation->on_body_end();
}

void Exchange::deny(const Denial& denial) {
  ++context_.metrics.denied[denial.number];
  current_.challenge = denial.challenge;
  fail(failure_of_denial(denial.status), denial.sentence, fmt::format("{}\n", denial.sentence));
}

void Exchange::pass_kept_body() {
  const KeptBody* const kept = current_.kept_body.get();
  while (kept != nullptr && current_.kept_body.get() == kept && !current_.upload_paused) {
    if (!current_.invocation) return;
    const std::string_view piece = current_.kept_body->take();
    if (!piece.empty()) {
      current_.invocation->on_body(piece);
      continue;
    }
    drop_kept_body();
    return current_.invocation->on_body_end();
  }
}

void Exchange::redirect(std::string_view target) {
  if (!open()) return;
  if (++current_.redirects > kMostRedirects) {
    return fail(Failure::kBadResponse, "its local redirects go in a circle");
  }
  const RequestHead& original =
      current_.identified ? current_.identified->request : *current_.received;
  current_.redirect = std::make_unique<SubstitutedRequest>();
  current_.redirect->redirect(original, target);
  retire_invocation();
  drop_kept_body();
  deadline_.clear();
  resume_upload();
  adopt(current_.mode->invoke(*this));
}

void Exchange::hand_over(const std::function<std::unique_ptr<Invocation>()>& answer) {
  if (!open()) return;
  retire_invocation();
  drop_kept_body();
  deadline_.clear();
  current_.slot.reset();
  if (current_.client_gone) return end();
  resume_upload();
  adopt(answer());
}

void Exchange::ask_for_body() {
  if (!current_.continue_due || current_.continue_by_function || current_.upload_paused) return;
  if (open()) interim({.status = 100});
}

bool Exchange::exceeds_body_limit(uint64_t size) {
  const uint64_t most = context_.config.max_body_size.value_or(0);
  if (most == 0 || size <= most) return false;
  fail(Failure::kBodyTooLarge, fmt::format("the body is larger than max_body_size={}", most));
  return true;
}

void Exchange::on_body(std::string_view bytes) {
  current_.continue_due = false;
  context_.metrics.received_bytes.fetch_add(bytes.size(), std::memory_order_relaxed);
  if (!current_.invocation || current_.redirect) return;
  current_.body_received += bytes.size();
  if (!current_.tunnel && exceeds_body_limit(current_.body_received)) return;
  current_.invocation->on_body(bytes);
}

void Exchange::on_body_end(std::string_view trailers) {
  current_.continue_due = false;
  current_.trailers = trailers;
  if (current_.invocation && !current_.redirect) current_.invocation->on_body_end();
}

void Exchange::on_client_gone() {
  Invocation* const invocation = current_.invocation.get();
  if (invocation != nullptr && client_.request_complete() && invocation->outlives_client()) {
    current_.client_gone = true;
    // Nobody takes its response: let it run through.
    if (std::exchange(current_.drain_due, false)) invocation->on_response_drained();
    return;
  }
  fail(Failure::kClientGone);
}

void Exchange::on_sent() {
  if (state_ == State::kSending) return finish(Failure::kNone, {}, ending());
  if (!current_.drain_due || !current_.invocation) return;
  current_.drain_due = false;
  current_.invocation->on_response_drained();
}

void Exchange::function_started() {
  current_.function_started_at = context_.loop.now();
  enter(Phase::kFirstByte, current_.function_started_at);
  const Duration head = time_limit_of_head(request(), context_.config);
  if (head > Duration::zero()) deadline_.set_after(head);
}

void Exchange::on_deadline() {
  ++context_.metrics.exec_timeouts;
  const Duration taken = context_.loop.now() - current_.function_started_at;
  const Duration whole = time_limit(request(), context_.config);
  const bool over = whole > Duration::zero() && taken >= whole;
  // A client that has little patience says nothing of the function.
  const bool by_client = over && whole != context_.config.exec_timeout;
  if (current_.invocation && !by_client) current_.invocation->on_exec_timeout();
  fail(current_.mode->exec_timeout_failure(),
       over ? explain_time_limit(whole) : explain_time_limit_of_head(context_.config));
}

void Exchange::pause_upload() {
  if (!active() || current_.upload_paused) return;
  current_.upload_paused = true;
  client_.pause_upload();
}

void Exchange::resume_upload() {
  if (!active() || !current_.upload_paused) return;
  current_.upload_paused = false;
  client_.resume_upload();
  if (current_.invocation) ask_for_body();
  if (current_.kept_body) current_.kept_body->schedule();
}

void Exchange::answer(ResponseHead response, std::string_view body) {
  leave_unrecorded();
  response.content_length = body.size();
  head(response);
  write(body);
  end();
}

void Exchange::interim(const ResponseHead& response) {
  if (response.status == 100) current_.continue_due = false;
  if (open()) writer_.interim(response);
}

void Exchange::head(const ResponseHead& response) {
  if (!open()) return;
  send_head(response);
  if (context_.config.response_start_timeout && deadline_.armed()) {
    const Duration whole = time_limit(request(), context_.config);
    deadline_.clear();
    if (whole > Duration::zero()) deadline_.set(current_.function_started_at + whole);
  }
}

void Exchange::send_head(const ResponseHead& response) {
  const Duration taken = elapsed();
  enter(Phase::kBody, current_.started_at + taken);
  // A client that still waits for 100 Continue may send its body or its next request: who knows.
  if (current_.continue_due || !client_.may_stay_open()) writer_.close_after();
  if (!current_.page_sent) note_first_byte(taken);
  writer_.head(response, taken);
}

void Exchange::upgrade(const ResponseHead& response, std::string_view protocol) {
  if (!open()) return;
  current_.tunnel = true;
  deadline_.clear();
  const Duration taken = elapsed();
  enter(Phase::kBody, current_.started_at + taken);
  note_first_byte(taken);
  writer_.upgrade(response, protocol);
  client_.become_tunnel();
}

void Exchange::write(std::string_view bytes) {
  if (!responding()) return;
  writer_.write(bytes);
  count_sent();
}

FileSent Exchange::send_file(int file, uint64_t offset, uint64_t size) {
  if (!responding()) return {};
  const FileSent sent = writer_.send_file(file, offset, size);
  count_sent();
  if (sent.bytes < size) current_.drain_due = true;
  return sent;
}

bool Exchange::response_unsent() {
  if (client_.unsent() == 0) return false;
  current_.drain_due = true;
  client_.notify_when_sent();
  return true;
}

void Exchange::end(std::string_view trailers) {
  if (open()) head({.content_length = 0});
  if (!responding()) return;
  writer_.end(trailers);
  // What the kernel has not taken yet may still never reach the client, and the log should say so.
  if (client_.unsent() >= Stream::kFull / 4 && !current_.client_gone) {
    state_ = State::kSending;
    deadline_.clear();
    retire_invocation();
    client_.notify_when_sent();
    return;
  }
  finish(Failure::kNone, {}, ending());
}

void Exchange::fail(Failure failure, std::string_view detail, std::string_view page) {
  if (!active()) return;
  // The function died because we asked it to.
  if (failure == Failure::kFunctionFailed && stopping_) failure = Failure::kDraining;
  if (!open() || failure == Failure::kClientGone) {
    return finish(failure, detail, writer_.end_is_visible() ? Ending::kClose : Ending::kReset);
  }
  if (failure == Failure::kOutOfResources) writer_.close_after();  // a connection is a resource too
  const FailureInfo& row = info(failure);
  if (page.empty()) page = row.page;
  if (!page.empty()) {
    send_page(row.status, failure, page);
  } else {
    send_page(row.status, failure, fmt::format("{}: {}\n", row.word, detail));
  }
  finish(failure, detail, ending());
}

void Exchange::send_page(int status, Failure failure, std::string_view text) {
  current_.page_sent = true;
  // Nobody will read the rest of this request.
  if (!client_.request_complete()) writer_.close_after();
  ResponseHead response{.status = status, .content_length = text.size()};
  response.fields.add("Content-Type", "text/plain; charset=utf-8");
  if (!info(failure).internal.empty()) {
    response.fields.add("X-OpenFaaS-Internal", info(failure).internal);
  }
  if (!current_.challenge.empty()) response.fields.add("WWW-Authenticate", current_.challenge);
  if (info(failure).passes) response.fields.add("Retry-After", "1");
  send_head(response);
  write(text);
}

void Exchange::finish(Failure failure, std::string_view detail, Ending ending) {
  if (current_.client_gone && failure == Failure::kNone) failure = Failure::kClientGone;
  if (current_.recorded) write_record(failure, detail);
  current_.place = {};
  state_ = State::kIdle;
  deadline_.clear();
  current_.slot.reset();
  if (std::exchange(current_.in_flight, false)) --context_.metrics.requests_in_flight;
  retire_invocation();
  drop_kept_body();
  client_.on_exchange_ended(current_.client_gone ? Ending::kClose : ending);
}

void Exchange::write_record(Failure failure, std::string_view detail) {
  leave_queue();
  // A response that broke off after its head counts as what broke it.
  const bool as_sent = failure == Failure::kNone || current_.page_sent;
  record({.request = *current_.received,
          .peer = client_.peer(),
          .status = as_sent ? writer_.status() : info(failure).status,
          .failure = failure,
          .detail = detail.empty() ? current_.note : detail,
          .body_bytes = writer_.body_bytes(),
          .duration = elapsed(),
          .queued = current_.queued,
          .spawned = current_.spawned,
          .span = current_.span.get(),
          .output = current_.place.output()},
         context_);
}

}  // namespace watchdog

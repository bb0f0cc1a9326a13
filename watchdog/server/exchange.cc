#include "server/exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "http/date.h"
#include "net/stream.h"

namespace watchdog {

namespace {

constexpr std::string_view kProtocol = "HTTP/1.1 ";  // each head begins with it
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr std::string_view kLastChunk = "0\r\n";
constexpr unsigned kMostRedirects = 10;

// A probe of Kubernetes at the path that the configuration names for probes. Not whatever says that
// it is one: a client could keep its requests out of the log.
bool is_probe(const RequestHead& request, const Config& config) {
  if (request.target != config.ready_path) return false;
  const Field* agent = request.fields.find("user-agent");
  return agent != nullptr && agent->value.starts_with("kube-probe/");
}

}  // namespace

Exchange::Exchange(const ServerContext& context, Client& client)
    : context_(context), client_(client), deadline_(context.loop, [this] { on_deadline(); }) {}

// Only with its connection, when nobody is left to be answered.
Exchange::~Exchange() {
  if (counted_) --context_.metrics.requests_in_flight;
}

void Exchange::start(const RequestHead& request) {
  received_ = request_ = &request;
  redirects_ = 0;
  state_ = State::kOpen;
  started_at_ = context_.loop.now();
  status_ = 0;
  body_received_ = 0;
  body_sent_ = 0;
  response_framing_ = BodyFraming::kNone;
  keep_alive_ = request.keep_alive;
  upload_paused_ = false;
  continue_due_ = request.expects_continue;
  continue_by_function_ = false;
  tunnel_ = false;
  trailers_ = {};
  client_gone_ = false;
  drain_due_ = false;
  page_sent_ = false;
  sounded_out_ = false;
  protocol_sent_ = false;
}

void Exchange::refuse(int status, std::string_view reason) {
  static const RequestHead unreadable{.method = "-", .target = "-", .keep_alive = false};
  if (!active()) start(unreadable);
  if (state_ == State::kOpen) {
    send_page(status, Failure::kBadRequest, fmt::format("{}\n", reason));
  }
  finish(Failure::kBadRequest, reason, Ending::kClose);
}

void Exchange::invoke(Mode& mode, Slot slot) {
  mode_ = &mode;
  slot_ = std::move(slot);
  counted_ = true;
  ++context_.metrics.requests_in_flight;
  const uint64_t most = context_.config.max_body_size.value_or(0);
  if (most != 0 && request_->framing == BodyFraming::kSized && request_->content_length > most) {
    fail(Failure::kBodyTooLarge, fmt::format("the body is larger than max_body_size={}", most));
    return;
  }
  start_invocation();
}

void Exchange::start_invocation() {
  adopt(mode_->invoke(*this));
}

void Exchange::adopt(std::unique_ptr<Invocation> invocation) {
  if (!active()) {
    context_.loop.retire(std::move(invocation));
    return;
  }
  invocation_ = std::move(invocation);
  ask_for_body();
}

void Exchange::redirect(std::string_view target) {
  if (state_ != State::kOpen) return;
  if (++redirects_ > kMostRedirects) {
    return fail(Failure::kBadResponse, "its local redirects go in a circle");
  }
  redirect_target_ = target;
  redirected_ = RequestHead{.method = received_->method == "HEAD" ? "HEAD" : "GET",
                            .target = redirect_target_,
                            .minor_version = received_->minor_version};
  for (const Field& field : received_->fields) {
    // What is about the body that nobody reads any more.
    const std::string_view start = field.name.substr(0, std::string_view("content-").size());
    const bool of_body = equals_ignoring_case(start, "content-") ||
                         equals_ignoring_case(field.name, "transfer-encoding");
    if (!of_body) redirected_.fields.add(field.name, field.value);
  }
  request_ = &redirected_;
  context_.loop.retire(std::move(invocation_));
  deadline_.clear();
  resume_upload();
  start_invocation();
  if (invocation_) invocation_->on_body_end();
}

void Exchange::hand_over(const std::function<std::unique_ptr<Invocation>()>& answer) {
  if (state_ != State::kOpen) return;
  context_.loop.retire(std::move(invocation_));
  deadline_.clear();
  slot_.reset();
  if (client_gone_) return end();
  resume_upload();
  adopt(answer());
}

void Exchange::admit(Mode& mode, Slot slot) {
  context_.loop.retire(std::move(invocation_));
  resume_upload();
  invoke(mode, std::move(slot));
  if (active() && client_.request_complete()) on_body_end(trailers_);
}

void Exchange::ask_for_body() {
  if (!continue_due_ || continue_by_function_ || upload_paused_ || state_ != State::kOpen) return;
  continue_due_ = false;
  send_lines(kContinue);
}

void Exchange::on_body(std::string_view bytes) {
  continue_due_ = false;
  if (!invocation_ || redirects_ > 0) return;
  body_received_ += bytes.size();
  const uint64_t most = context_.config.max_body_size.value_or(0);
  if (most != 0 && body_received_ > most && !tunnel_) {
    fail(Failure::kBodyTooLarge, fmt::format("the body is larger than max_body_size={}", most));
    return;
  }
  invocation_->on_body(bytes);
}

void Exchange::on_body_end(std::string_view trailers) {
  continue_due_ = false;
  trailers_ = trailers;
  if (invocation_ && redirects_ == 0) invocation_->on_body_end();
}

void Exchange::on_client_gone() {
  if (invocation_ && client_.request_complete() && invocation_->outlives_client()) {
    client_gone_ = true;
    // Nobody takes its answer: let it run through.
    if (std::exchange(drain_due_, false)) invocation_->on_response_drained();
    return;
  }
  fail(Failure::kClientGone);
}

void Exchange::sound_out_client() {
  if (std::exchange(sounded_out_, true)) return;
  if (state_ == State::kOpen) {
    protocol_sent_ = true;
    client_.send({kProtocol});
  } else if (state_ == State::kResponding && response_framing_ == BodyFraming::kChunked) {
    client_.send({"0"});  // the next chunk's size may begin with it (RFC 9112 7.1)
  }
}

void Exchange::on_sent() {
  if (state_ == State::kSending) {
    finish(Failure::kNone, {}, keep_alive_ ? Ending::kReuse : Ending::kClose);
    return;
  }
  if (!drain_due_ || !invocation_) return;
  drain_due_ = false;
  invocation_->on_response_drained();
}

void Exchange::on_stopping() {
  stopping_ = true;
  if (invocation_) invocation_->on_stopping();
}

void Exchange::function_started() {
  function_started_at_ = context_.loop.now();
  const Duration whole = time_limit();
  const Duration head = context_.config.response_start_timeout.value_or(whole);
  const bool none = whole == Duration::zero();
  const Duration first = none || (head > Duration::zero() && head < whole) ? head : whole;
  if (first > Duration::zero()) deadline_.set_after(first);
}

void Exchange::lift_time_limit() {
  deadline_.clear();
}

void Exchange::on_deadline() {
  ++context_.metrics.exec_timeouts;
  const Duration taken = context_.loop.now() - function_started_at_;
  const Duration whole = time_limit();
  const bool over = whole > Duration::zero() && taken >= whole;
  // A client that has little patience says nothing of the function.
  const bool by_client = over && whole != context_.config.exec_timeout;
  if (invocation_ && !by_client) invocation_->on_exec_timeout();
  fail(mode_->exec_timeout_failure(),
       over ? fmt::format("the function did not finish within {}", format_duration(whole))
            : fmt::format("the function did not begin to answer within response_start_timeout={}",
                          format_duration(*context_.config.response_start_timeout)));
}

// exec_timeout, which the client's X-Timeout may shorten but neither lengthen nor switch off.
Duration Exchange::time_limit() const {
  const Duration limit = context_.config.exec_timeout;
  const Field* field = request_->fields.find("x-timeout");
  if (field == nullptr) return limit;
  const auto asked = parse_duration(field->value);
  if (!asked || *asked <= Duration::zero()) return limit;
  return limit > Duration::zero() ? std::min(limit, *asked) : *asked;
}

void Exchange::pause_upload() {
  if (!active() || upload_paused_) return;
  upload_paused_ = true;
  client_.pause_upload();
}

void Exchange::resume_upload() {
  if (!active() || !upload_paused_) return;
  upload_paused_ = false;
  client_.resume_upload();
  if (invocation_) ask_for_body();
}

void Exchange::answer(const ResponseHead& response, std::string_view body) {
  ResponseHead sized = response;
  sized.content_length = body.size();
  send_head(sized);
  if (response_framing_ != BodyFraming::kNone) client_.send({body});
  state_ = State::kIdle;
  context_.loop.retire(std::move(invocation_));
  client_.on_exchange_ended(keep_alive_ ? Ending::kReuse : Ending::kClose);
}

void Exchange::interim(const ResponseHead& response) {
  if (response.status == 100) continue_due_ = false;
  if (state_ != State::kOpen || request_->minor_version == 0) return;
  std::string text;
  append_status_line(text, response.status, response.reason);
  for (const Field& field : response.fields) append_field(text, field.name, field.value);
  text += "\r\n";
  send_lines(text);
}

void Exchange::head(const ResponseHead& response) {
  if (state_ != State::kOpen) return;
  send_head(response);
  if (context_.config.response_start_timeout && deadline_.armed()) {
    const Duration whole = time_limit();
    deadline_.clear();
    if (whole > Duration::zero()) deadline_.set(function_started_at_ + whole);
  }
}

void Exchange::upgrade(const ResponseHead& response, std::string_view protocol) {
  if (state_ != State::kOpen) return;
  state_ = State::kResponding;
  status_ = response.status;
  response_framing_ = BodyFraming::kUntilClose;
  keep_alive_ = false;
  tunnel_ = true;
  deadline_.clear();
  std::string text;
  append_status_line(text, response.status, response.reason);
  for (const Field& field : response.fields) append_field(text, field.name, field.value);
  append_field(text, "Connection", "Upgrade");
  append_field(text, "Upgrade", protocol);
  text += "\r\n";
  send_lines(text);
  client_.become_tunnel();
}

void Exchange::send_head(const ResponseHead& response) {
  state_ = State::kResponding;
  status_ = response.status;
  const bool has_body = response_has_body(request_->method, response.status);
  const bool may_chunk = request_->minor_version >= 1;
  if (!has_body) {
    response_framing_ = BodyFraming::kNone;
  } else if (response.content_length) {
    response_framing_ = BodyFraming::kSized;
  } else {
    response_framing_ = may_chunk ? BodyFraming::kChunked : BodyFraming::kUntilClose;
  }
  // A client that still waits for 100 Continue may send its body or its next request: who knows.
  keep_alive_ = keep_alive_ && client_.may_stay_open() && !continue_due_ &&
                response_framing_ != BodyFraming::kUntilClose;

  std::string text;
  text.reserve(256);
  append_status_line(text, response.status, response.reason);
  if (!response.forwarded || response.fields.find("date") == nullptr) {
    append_field(text, "Date", http_date());
  }
  for (const Field& field : response.fields) append_field(text, field.name, field.value);
  const bool length_allowed =
      response.status >= 200 && response.status != 204 && response.status != 304;
  if (response.content_length && length_allowed && !response.forwarded) {
    append_number(text.append("Content-Length: "), *response.content_length);
    text += "\r\n";
  } else if (response_framing_ == BodyFraming::kChunked) {
    append_field(text, "Transfer-Encoding", "chunked");
  }
  if (!keep_alive_) {
    append_field(text, "Connection", "close");
  } else if (!may_chunk) {
    append_field(text, "Connection", "keep-alive");
  }
  text += "\r\n";
  send_lines(text);
}

// A head, interim ones included.
void Exchange::send_lines(std::string_view head) {
  if (std::exchange(protocol_sent_, false)) head.remove_prefix(kProtocol.size());
  client_.send({head});
}

void Exchange::write(std::string_view bytes) {
  if (state_ != State::kResponding || bytes.empty()) return;
  if (response_framing_ == BodyFraming::kNone) return;
  body_sent_ += bytes.size();
  if (response_framing_ == BodyFraming::kChunked) {
    std::string size;
    append_chunk_header(size, bytes.size());
    client_.send({size, bytes, "\r\n"});
  } else {
    client_.send({bytes});
  }
}

FileSent Exchange::send_file(int file, uint64_t offset, uint64_t size) {
  if (state_ != State::kResponding) return {};
  if (response_framing_ == BodyFraming::kNone) return {.bytes = size};
  const FileSent sent = client_.send_file(file, offset, size);
  body_sent_ += sent.bytes;
  if (sent.bytes < size) drain_due_ = true;
  return sent;
}

bool Exchange::response_full() {
  return client_.unsent() >= Stream::kFull && response_unsent();
}

bool Exchange::response_unsent() {
  if (client_.unsent() == 0) return false;
  drain_due_ = true;
  client_.notify_when_sent();
  return true;
}

void Exchange::end(std::string_view trailers) {
  if (state_ == State::kOpen) head({.content_length = 0});
  if (state_ != State::kResponding) return;
  if (response_framing_ == BodyFraming::kChunked) client_.send({kLastChunk, trailers, "\r\n"});
  // What the kernel has not taken yet may still never reach the client, and the log should say so.
  if (client_.unsent() >= Stream::kFull / 4 && !client_gone_) {
    state_ = State::kSending;
    deadline_.clear();
    context_.loop.retire(std::move(invocation_));
    client_.notify_when_sent();
    return;
  }
  finish(Failure::kNone, {}, keep_alive_ ? Ending::kReuse : Ending::kClose);
}

void Exchange::fail(Failure failure, std::string_view detail, std::string_view page) {
  if (!active()) return;
  // The function died because we asked it to.
  if (failure == Failure::kFunctionFailed && stopping_) failure = Failure::kDraining;
  if (state_ == State::kOpen && failure != Failure::kClientGone) {
    if (failure == Failure::kOutOfResources) keep_alive_ = false;  // a connection is one too
    const auto& row = info(failure);
    if (page.empty()) page = row.page;
    if (!page.empty()) {
      send_page(row.status, failure, page);
    } else {
      send_page(row.status, failure, fmt::format("{}: {}\n", row.word, detail));
    }
    finish(failure, detail, keep_alive_ ? Ending::kReuse : Ending::kClose);
    return;
  }
  const bool end_is_visible = response_framing_ != BodyFraming::kUntilClose;
  finish(failure, detail, end_is_visible ? Ending::kClose : Ending::kReset);
}

void Exchange::send_page(int status, Failure failure, std::string_view text) {
  page_sent_ = true;
  // Nobody will read the rest of this request.
  if (!client_.request_complete()) keep_alive_ = false;
  ResponseHead response{.status = status, .content_length = text.size()};
  response.fields.add("Content-Type", "text/plain; charset=utf-8");
  const bool by_limiter = failure == Failure::kOverloaded;
  if (info(failure).blame == Blame::kWatchdog) {
    response.fields.add("X-OpenFaaS-Internal", by_limiter ? "faas-middleware" : "of-watchdog");
  }
  if (info(failure).passes) response.fields.add("Retry-After", "1");
  send_head(response);
  if (response_framing_ == BodyFraming::kNone) return;
  body_sent_ += text.size();
  client_.send({text});
}

void Exchange::finish(Failure failure, std::string_view detail, Ending ending) {
  if (client_gone_ && failure == Failure::kNone) failure = Failure::kClientGone;
  record(failure, detail);
  state_ = State::kIdle;
  deadline_.clear();
  slot_.reset();
  if (counted_) --context_.metrics.requests_in_flight;
  counted_ = false;
  context_.loop.retire(std::move(invocation_));
  client_.on_exchange_ended(client_gone_ ? Ending::kClose : ending);
}

void Exchange::record(Failure failure, std::string_view detail) {
  // A response that broke off after its head counts as what broke it.
  const int status = failure == Failure::kNone || page_sent_ ? status_ : info(failure).status;
  const Duration duration = elapsed();
  context_.metrics.count_request(received_->method, status, duration);

  const AccessLog wanted = context_.config.access_log;
  if (wanted == AccessLog::kOff || (wanted == AccessLog::kErrors && status < 400)) return;
  if (is_probe(*received_, context_.config)) return;
  const bool as_json = context_.config.log_format == log::Format::kJson;
  const std::string remote = as_json ? client_.peer().text() : std::string();
  const Field* call_id = received_->fields.find("x-call-id");
  log::Access line{.method = received_->method,
                   .target = received_->target,
                   .status = status,
                   .reason = reason_phrase(status),
                   .failure = info(failure).word,
                   .detail = detail,
                   .remote = remote,
                   .bytes = body_sent_,
                   .duration = duration};
  if (context_.config.log_call_id) {
    line.call_id = call_id != nullptr ? call_id->value : std::string_view("none");
  }
  log::access(line);
}

}  // namespace watchdog

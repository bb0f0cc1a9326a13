#include "modes/fork/streaming.h"

#include "http/forward.h"
#include "modes/gateway/repaired_head.h"

namespace watchdog {

StreamingInvocation::StreamingInvocation(ForkMode& mode, Exchange& exchange,
                                         std::optional<CgiResponseReader> reader,
                                         AccelRoot* accel_root)
    : mode_(mode), exchange_(exchange), reader_(std::move(reader)), accel_root_(accel_root) {
  if (reader_) reader_->expect(exchange.request().method);
}

bool StreamingInvocation::start(const CgiRequest* cgi, int file) {
  FunctionProcess::Streams streams{.file = file};
  if (exchange_.request().has_body()) streams.input = FunctionProcess::Input::kPipe;
  if (file >= 0) streams.input = FunctionProcess::Input::kFile;
  process_ = mode_.start(exchange_, *this, streams, std::nullopt, cgi);
  return process_ != nullptr;
}

void StreamingInvocation::on_body(std::string_view bytes) {
  process_->write_input(bytes);
  if (process_->input_full()) exchange_.pause_upload();
}

void StreamingInvocation::on_body_end() {
  process_->close_input();
}

void StreamingInvocation::on_response_drained() {
  if (process_) process_->resume_output();
}

void StreamingInvocation::on_stopping() {
  if (process_) process_->terminate();
}

void StreamingInvocation::on_output(std::string_view bytes) {
  if (over_) return;
  if (reader_) {
    reader_->feed(bytes);
    while (handle(reader_->next())) {
    }
    if (over_) return;
  } else {
    write_body(bytes);
  }
  if (exchange_.response_full()) process_->pause_output();
}

void StreamingInvocation::on_input_drained() {
  exchange_.resume_upload();
}

void StreamingInvocation::on_finished(ExitStatus status) {
  if (over_) return;
  if (is_failure(status)) return fail(mode_.failure_of_end(status), status.text());
  if (!reader_) return end_body();
  ReadEvent event = reader_->finish();
  while (handle(event)) event = reader_->finish();
  if (event == ReadEvent::kEnd) end_body();
}

void StreamingInvocation::on_not_started(int error) {
  if (over_) return;
  over_ = true;
  mode_.fail_start(exchange_, error);
}

bool StreamingInvocation::handle(ReadEvent event) {
  switch (event) {
    case ReadEvent::kHead:
      if (!reader_->headless()) send_cgi_head();
      return !over_;
    case ReadEvent::kBody:
      if (!accel_) {
        write_body(reader_->body());
      } else if (!accel_->discard(reader_->body())) {
        send_file();
      }
      return !over_;
    case ReadEvent::kError:
      fail(Failure::kBadResponse, reader_->problem());
      return false;
    case ReadEvent::kNeedMore:
    case ReadEvent::kEnd:
      break;
  }
  return false;
}

void StreamingInvocation::write_body(std::string_view bytes) {
  if (exchange_.responding()) return exchange_.write(bytes);
  if (!held_.empty()) bytes = held_.append(bytes);
  const auto type = mode_.content_type_of_beginning(bytes);
  if (!type) {
    if (held_.empty()) held_ = bytes;
    return;
  }
  send_own_head(*type);
  exchange_.write(bytes);
  held_ = {};
}

void StreamingInvocation::end_body() {
  if (accel_) return send_file();
  if (!exchange_.responding()) {
    // For a HEAD the reader leaves out the body, whose length and type are then not known.
    std::optional<uint64_t> length;
    if (!reader_ || !held_.empty()) length = held_.size();
    send_own_head(mode_.content_type(held_), length);
    exchange_.write(held_);
  }
  exchange_.end();
}

void StreamingInvocation::send_own_head(std::string_view type, std::optional<uint64_t> length) {
  ResponseHead head{.content_length = length, .timed = true};
  if (!type.empty()) head.fields.add("Content-Type", type);
  exchange_.head(head);
}

void StreamingInvocation::send_cgi_head() {
  if (const std::string_view target = reader_->local_redirect(); !target.empty()) {
    over_ = true;
    return exchange_.redirect(local_target(target));
  }
  const UpstreamResponse& head = reader_->response();
  warn_of_repair(head.repaired);
  accel_ = accel_root_->response(head);
  if (accel_) return;
  ResponseHead response{.status = head.status,
                        .content_length = head.content_length,
                        .forwarded = true,
                        .reason = head.reason,
                        .timed = true};
  forward_fields(head, response.fields);
  exchange_.head(response);
}

void StreamingInvocation::send_file() {
  over_ = true;
  accel_->send(exchange_);
}

// A program that said itself that it failed may exit as it likes, as may one that has sent all that
// it promised; php-cgi exits with 255 after "Status: 500".
bool StreamingInvocation::is_failure(ExitStatus status) const {
  if (status.success()) return false;
  if (!reader_ || !(exchange_.responding() || accel_)) return true;
  const bool said_so = status.signal == 0 && reader_->response().status >= 400;
  return !said_so && !reader_->complete();
}

void StreamingInvocation::fail(Failure failure, std::string_view detail) {
  over_ = true;
  exchange_.fail(failure, detail);
}

namespace {

class StreamingMode final : public ForkMode {
 public:
  StreamingMode(const ModeContext& context, std::optional<ServedFolder> accel_root)
      : ForkMode(context, FunctionEnvironment::Lengths::kWithBody),
        accel_root_(context, std::move(accel_root)) {}

  std::unique_ptr<Invocation> invoke(Exchange& exchange) override {
    std::optional<CgiResponseReader> reader;
    if (config().cgi_response) reader.emplace(CgiResponseReader::Head::kOptional);
    auto invocation =
        std::make_unique<StreamingInvocation>(*this, exchange, std::move(reader), &accel_root_);
    if (!invocation->start()) return nullptr;
    return invocation;
  }

 private:
  AccelRoot accel_root_;
};

}  // namespace

Result<std::unique_ptr<Mode>> make_streaming_mode(const ModeContext& context) {
  if (!reads_cgi_heads(context.config)) {
    return std::make_unique<StreamingMode>(context, std::nullopt);
  }
  auto accel_root = AccelRoot::hold(context.config);
  if (!accel_root) return Error{accel_root.error()};
  return std::make_unique<StreamingMode>(context, std::move(*accel_root));
}

}  // namespace watchdog

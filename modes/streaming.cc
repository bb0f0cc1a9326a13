#include "modes/fork.h"

namespace watchdog {

namespace {

class StreamingMode final : public ForkMode {
 public:
  explicit StreamingMode(const ModeContext& context)
      : ForkMode(context, FunctionEnvironment(FunctionEnvironment::Lengths::kWithBody)) {}
  std::unique_ptr<Invocation> invoke(Exchange& exchange) override;
};

// The request's body goes to the process as it comes, its output to the client as it is printed.
// The status is held back until the first output or the exit, whichever comes first, so that a
// function that fails without a word answers 500 and not 200.
class StreamingInvocation final : public Invocation, private FunctionProcess::Handler {
 public:
  StreamingInvocation(StreamingMode& mode, Exchange& exchange) : mode_(mode), exchange_(exchange) {}

  bool start() {
    const bool has_body = exchange_.request().has_body();
    process_ = mode_.start(exchange_, *this,
                           has_body ? FunctionProcess::Input::kPipe : FunctionProcess::Input::kNone,
                           FunctionProcess::Errors::kToLog);
    return process_ != nullptr;
  }

  void on_body(std::string_view bytes) override {
    process_->write_input(bytes);
    if (process_->input_full()) exchange_.upload_flow(false);
  }
  void on_body_end() override { process_->close_input(); }
  void on_reply_drained() override { process_->resume_output(); }
  void on_shutdown() override { process_->terminate(); }
  bool outlives_client() const override {
    return !mode_.config().kill_on_disconnect.value_or(true);
  }

 private:
  void on_output(std::string_view bytes) override {
    send_head();
    exchange_.write(bytes);
    if (exchange_.reply_full()) process_->pause_output();
  }
  void on_input_drained() override { exchange_.upload_flow(true); }
  void on_finished(ExitStatus status) override {
    if (!status.success()) {
      exchange_.fail(Failure::kFunctionFailed, status.text());
      return;
    }
    if (!exchange_.replying()) send_head(0);
    exchange_.end();
  }

  void send_head(std::optional<uint64_t> length = {}) {
    if (exchange_.replying()) return;
    const std::string duration = duration_text(exchange_.elapsed());
    ReplyHead head{.content_length = length};
    head.fields.add("Content-Type", mode_.config().content_type);
    head.fields.add("X-Duration-Seconds", duration);
    exchange_.head(head);
  }

  StreamingMode& mode_;
  Exchange& exchange_;
  std::unique_ptr<FunctionProcess> process_;
};

std::unique_ptr<Invocation> StreamingMode::invoke(Exchange& exchange) {
  auto invocation = std::make_unique<StreamingInvocation>(*this, exchange);
  if (!invocation->start()) return nullptr;
  return invocation;
}

}  // namespace

std::unique_ptr<Mode> make_streaming_mode(const ModeContext& context) {
  return std::make_unique<StreamingMode>(context);
}

}  // namespace watchdog

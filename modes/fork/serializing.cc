#include "modes/fork/collected.h"

namespace watchdog {

namespace {

class SerializingInvocation final : public CollectedInvocation {
 public:
  using CollectedInvocation::CollectedInvocation;

 private:
  FunctionProcess::Errors errors() const override { return FunctionProcess::Errors::kToLog; }
  std::string input() override { return take_body(); }
  void answer(ExitStatus status, const std::string& output) override {
    if (!status.success()) {
      exchange().fail(failure_of_end(status), status.text());
      return;
    }
    ResponseHead head{.content_length = output.size(), .timed = true};
    const std::string_view type = content_type(output);
    if (!type.empty()) head.fields.add("Content-Type", type);
    exchange().head(head);
    exchange().write(output);
    exchange().end();
  }
};

class SerializingMode final : public ForkMode {
 public:
  explicit SerializingMode(const ModeContext& context)
      : ForkMode(context, FunctionEnvironment::Lengths::kWithBody) {}
  std::unique_ptr<Invocation> invoke(Exchange& exchange) override {
    auto invocation = std::make_unique<SerializingInvocation>(*this, exchange);
    if (!invocation->accepts_length()) return nullptr;
    return invocation;
  }
};

}  // namespace

Result<std::unique_ptr<Mode>> make_serializing_mode(const ModeContext& context) {
  return std::make_unique<SerializingMode>(context);
}

}  // namespace watchdog

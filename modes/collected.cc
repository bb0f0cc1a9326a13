#include "modes/collected.h"

namespace watchdog {

void CollectedInvocation::on_body_end() {
  const std::string text = input();
  FunctionProcess::Streams streams{.errors = errors()};
  if (!text.empty()) streams.input = FunctionProcess::Input::kPipe;
  process_ = mode_.start(exchange_, *this, streams);
  if (!process_) return;
  process_->write_input(text);
  process_->close_input();
}

void CollectedInvocation::on_shutdown() {
  if (process_) process_->terminate();
}

}  // namespace watchdog

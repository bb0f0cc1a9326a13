#include "modes/fork/collected.h"

#include <fmt/format.h>

#include "base/text.h"

namespace watchdog {

bool CollectedInvocation::accepts_length() {
  const RequestHead& request = exchange_.request();
  if (request.framing != BodyFraming::kSized || request.content_length <= most_input_) return true;
  refuse_body();
  return false;
}

void CollectedInvocation::on_body(std::string_view bytes) {
  if (bytes.size() > most_input_ - input_.size()) return refuse_body();
  input_.append(bytes);
}

void CollectedInvocation::refuse_body() {
  exchange_.fail(Failure::kBodyTooLarge,
                 fmt::format("the body is larger than what is collected in memory, {}; "
                             "max_body_size sets another limit, and mode=streaming needs none",
                             format_size(most_input_)));
}

void CollectedInvocation::on_output(std::string_view bytes) {
  if (failed_) return;
  if (bytes.size() <= kMostOutput - output_.size()) {
    output_.append(bytes);
    return;
  }
  failed_ = true;
  exchange_.fail(Failure::kBadResponse,
                 fmt::format("it printed more than is collected, {}; mode=streaming has no limit",
                             format_size(kMostOutput)));
}

void CollectedInvocation::on_finished(ExitStatus status) {
  if (!failed_) answer(status, output_);
}

void CollectedInvocation::on_not_started(int error) {
  if (!failed_) mode_.fail_start(exchange_, error);
}

void CollectedInvocation::on_body_end() {
  const uint64_t collected = input_.size();
  const std::string text = input();
  FunctionProcess::Streams streams{.errors = errors()};
  if (!text.empty()) streams.input = FunctionProcess::Input::kPipe;
  process_ = mode_.start(exchange_, *this, streams, collected);
  if (!process_) return;
  process_->write_input(text);
  process_->close_input();
}

void CollectedInvocation::on_stopping() {
  if (process_) process_->terminate();
}

}  // namespace watchdog

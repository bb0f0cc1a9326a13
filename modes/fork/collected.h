#pragma once

#include <memory>
#include <string>

#include "modes/fork/fork_mode.h"

namespace watchdog {

// Reads the whole request, then runs the function, then responds with all that it printed: what
// serializing and classic have in common. A client that leaves once its request is complete does
// not stop the function, unless kill_on_disconnect says so.
class CollectedInvocation : public Invocation, private FunctionProcess::Handler {
 public:
  // The most that a function may print; beyond it the response is 502, before the memory is used
  // up.
  static constexpr uint64_t kMostOutput = 256 * 1024 * 1024;

  CollectedInvocation(ForkMode& mode, Exchange& exchange)
      : mode_(mode), exchange_(exchange), most_input_(collection_limits(mode.config()).in_memory) {}

  // Refuses a body whose announced length is larger than what is collected in memory. Returns
  // whether the exchange goes on.
  bool accepts_length();
  void on_body(std::string_view bytes) final;
  void on_body_end() final;
  void on_response_drained() final {}
  void on_stopping() final;
  bool outlives_client() const final { return !mode_.config().kill_on_disconnect.value_or(false); }

 protected:
  const Config& config() const { return mode_.config(); }
  std::string_view content_type(std::string_view output) const {
    return mode_.content_type(output);
  }
  Exchange& exchange() { return exchange_; }
  Failure failure_of_end(ExitStatus status) const { return mode_.failure_of_end(status); }
  // The body of the request, for input() to turn into what the function reads.
  std::string take_body() { return std::move(input_); }

 private:
  virtual FunctionProcess::Errors errors() const = 0;
  virtual std::string input() = 0;
  virtual void answer(ExitStatus status, const std::string& output) = 0;

  void refuse_body();

  void on_output(std::string_view bytes) final;
  void on_input_drained() final {}
  void on_finished(ExitStatus status) final;
  void on_not_started(int error) final;
  void on_started(Duration taken) final { exchange_.note_spawn(taken); }
  void on_fallback(Fallback reason) final { exchange_.note(info(reason).note); }

  ForkMode& mode_;
  Exchange& exchange_;
  const uint64_t most_input_;
  std::string input_;
  std::string output_;
  bool failed_ = false;
  std::unique_ptr<FunctionProcess> process_;
};

}  // namespace watchdog

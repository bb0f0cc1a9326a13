#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"
#include "modes/fork/function_environment.h"
#include "modes/fork/function_process.h"
#include "net/timer.h"

namespace watchdog {

// warm_start=auto: finds out which kind of start gives the responses of a cold one. Two made-up
// requests are run cold, then by a zygote, and where that will not do by a spare; what they print,
// errors included, and how they end must be equal. One is a GET of "/", one a POST with a body, so
// that a program which looks at its variables before it reads its input betrays itself: a template
// has not seen those of either. Both have X-Fwatchdog-Comparison, by which a function can tell
// them. Where a response differs, the same request is run cold once more: a function that never
// responds twice alike, as one that prints the time, cannot be compared.
//
// Owned by the ForkMode of the one worker that compares for all, on its loop.
class WarmComparison final : private FunctionProcess::Handler, private WarmStarts::Trial {
 public:
  // What one run may take.
  static constexpr auto kMostRun = std::chrono::seconds(10);

  WarmComparison(FunctionLauncher& processes, FunctionEnvironment& environment);
  ~WarmComparison() override;

  void begin();

 private:
  struct Outcome {
    std::string output;
    std::optional<ExitStatus> status;
    bool operator==(const Outcome& other) const;
  };
  static constexpr size_t kRequests = 2;
  enum class Run { kCold, kWarm, kColdAgain };

  // WarmStarts::Trial
  void on_trial_ready(std::string_view program) override;
  void on_trial_unusable(Fallback reason, const std::string& detail) override;
  // FunctionProcess::Handler
  void on_output(std::string_view bytes) override;
  void on_input_drained() override {}
  void on_finished(ExitStatus status) override;
  void on_not_started(int error) override;
  void on_started(Duration) override {}
  void on_fallback(Fallback reason) override;

  void run();
  void next();
  void compare_again();
  void try_kind(WarmStart kind);
  void decline(Fallback reason, const std::string& detail);
  // `detail` is why.
  void decide(WarmStart kind, Fallback reason, const std::string& detail);

  FunctionLauncher& processes_;
  FunctionEnvironment& environment_;
  std::array<RequestHead, kRequests> requests_;
  // What the heads' views are of.
  std::array<std::string, kRequests> targets_;
  std::array<std::string, kRequests> marks_;
  std::string length_;
  std::string body_;
  WarmStart kind_ = WarmStart::kOff;  // that is being tried; kOff before that
  Run run_ = Run::kCold;              // what is being run
  size_t running_ = 0;
  std::array<Outcome, kRequests> cold_;
  Outcome current_;
  std::string program_;
  std::string why_no_zygote_;
  Fallback first_reason_ = Fallback::kDiffers;
  bool over_ = false;
  std::unique_ptr<FunctionProcess> process_;
  Timer limit_;
};

}  // namespace watchdog

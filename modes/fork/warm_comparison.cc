#include "modes/fork/warm_comparison.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <cstring>
#include <utility>

#include "base/log.h"
#include "process/reaper.h"

namespace watchdog {

namespace {

constexpr size_t kMostOutput = 1024 * 1024;  // that is compared

std::string random_word() {
  uint64_t number = 0;
  static_cast<void>(::getrandom(&number, sizeof number, GRND_NONBLOCK));
  return fmt::format("{:016x}", number);
}

std::string_view word_of(WarmStart kind) {
  if (kind == WarmStart::kOff) return "off";
  return kind == WarmStart::kZygote ? "zygote" : "spare";
}

}  // namespace

bool WarmComparison::Outcome::operator==(const Outcome& other) const {
  return output == other.output && status && other.status && status->code == other.status->code &&
         status->signal == other.status->signal;
}

WarmComparison::WarmComparison(FunctionLauncher& processes, FunctionEnvironment& environment)
    : processes_(processes), environment_(environment), limit_(processes.context().loop, [this] {
        decline(Fallback::kDiffers, "a made-up request took too long");
      }) {
  body_ = random_word();
  targets_ = {"/", fmt::format("/{}?{}={}", random_word(), random_word(), random_word())};
  for (size_t i = 0; i < kRequests; ++i) {
    RequestHead& request = requests_[i];
    request.method = i == 0 ? "GET" : "POST";
    request.target = targets_[i];
    marks_[i] = random_word();
    request.fields.add("Host", "localhost");
    request.fields.add("User-Agent", "fwatchdog");
    request.fields.add("X-Fwatchdog-Comparison", marks_[i]);
  }
  requests_[1].framing = BodyFraming::kSized;
  requests_[1].content_length = body_.size();
  length_ = fmt::format("{}", body_.size());
  requests_[1].fields.add("Content-Length", length_);
}

WarmComparison::~WarmComparison() = default;

void WarmComparison::begin() {
  if (!over_ && !process_) run();
}

void WarmComparison::run() {
  const bool has_body = running_ == 1;
  const FunctionProcess::Streams streams{
      .input = has_body ? FunctionProcess::Input::kPipe : FunctionProcess::Input::kNone,
      .errors = FunctionProcess::Errors::kToOutput,
      .start = run_ == Run::kWarm ? FunctionProcess::Start::kTrial : FunctionProcess::Start::kCold};
  std::optional<uint64_t> collected;
  if (has_body && processes_.context().config.mode.is(kCollects)) collected = body_.size();
  const auto environment = environment_.build(requests_[running_], collected);
  if (!environment) return decline(Fallback::kDiffers, environment.error());
  current_ = {};
  const WarmStart kind = kind_;
  limit_.set_after(kMostRun);
  auto started = FunctionProcess::start(processes_, *this,
                                        {.environment = *environment,
                                         .added = environment_.added(),
                                         .added_count = environment_.added_count()},
                                        streams);
  if (over_ || kind_ != kind) return;  // it has been declined meanwhile
  if (!started) return on_not_started(started.error());
  process_ = std::move(*started);
  if (has_body) process_->write_input(body_);
  process_->close_input();
}

void WarmComparison::on_output(std::string_view bytes) {
  current_.output.append(bytes.substr(0, kMostOutput - current_.output.size()));
}

void WarmComparison::on_finished(ExitStatus status) {
  processes_.context().loop.retire(std::move(process_));
  limit_.clear();
  if (over_) return;
  current_.status = status;
  next();
}

void WarmComparison::on_not_started(int error) {
  if (run_ == Run::kWarm) return on_fallback(Fallback::kTemplateGone);
  decide(WarmStart::kOff, Fallback::kTemplateGone, processes_.command().explain(error));
}

void WarmComparison::on_fallback(Fallback reason) {
  if (!over_) decline(reason, "the waiting process did not take a made-up request");
}

void WarmComparison::next() {
  if (run_ == Run::kColdAgain) return compare_again();
  if (run_ == Run::kCold) {
    cold_[running_] = std::move(current_);
    if (++running_ < kRequests) return run();
    return try_kind(WarmStart::kZygote);
  }
  if (current_ != cold_[running_]) {
    run_ = Run::kColdAgain;
    return run();
  }
  if (++running_ < kRequests) return processes_.ahead()->wait_for_trial();
  decide(kind_, {},
         kind_ == WarmStart::kZygote ? "a made-up request had the same response" : why_no_zygote_);
}

void WarmComparison::compare_again() {
  if (current_ == cold_[running_]) {
    return decline(Fallback::kDiffers, "a made-up request had another response");
  }
  decide(WarmStart::kOff, Fallback::kDiffers,
         "its response to one and the same request is always another, so that nothing can be "
         "compared; where that is as it should be, set warm_start=zygote");
}

void WarmComparison::try_kind(WarmStart kind) {
  kind_ = kind;
  run_ = Run::kWarm;
  running_ = 0;
  processes_.ahead()->try_kind(kind, *this);
}

void WarmComparison::on_trial_ready(std::string_view program) {
  if (over_ || process_) return;
  program_ = program;
  run();
}

void WarmComparison::on_trial_unusable(Fallback reason, const std::string& detail) {
  if (!over_) decline(reason, detail);
}

void WarmComparison::decline(Fallback reason, const std::string& detail) {
  limit_.clear();
  processes_.context().loop.retire(std::move(process_));
  if (kind_ == WarmStart::kZygote) {
    why_no_zygote_ = detail;
    first_reason_ = reason;
    return try_kind(WarmStart::kSpare);
  }
  if (kind_ == WarmStart::kOff) return decide(WarmStart::kOff, reason, detail);
  decide(WarmStart::kOff, first_reason_,
         why_no_zygote_ == detail ? detail
                                  : fmt::format("zygote: {}; spare: {}", why_no_zygote_, detail));
}

void WarmComparison::decide(WarmStart kind, Fallback reason, const std::string& detail) {
  over_ = true;
  limit_.clear();
  const bool off = kind == WarmStart::kOff;
  const std::string line = kind == WarmStart::kZygote
                               ? fmt::format("zygote ({}; {})", program_, detail)
                           : off ? "off: " + detail
                                 : "spare, not zygote: " + detail;
  log::event(log::Level::kInfo, "warm_start", "Warm start: " + line,
             {{"kind", word_of(kind)},
              off ? log::Part{"reason", info(reason).word} : log::Part{"program", program_},
              {"cause", detail}});
  processes_.ahead()->settle(kind, reason);
}

}  // namespace watchdog

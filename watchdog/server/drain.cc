#include "server/drain.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "net/interfaces.h"

namespace watchdog {

Drain::Drain(Loop& loop, const Config& config, Lifecycle& lifecycle, const Metrics& metrics,
             Reaper& reaper, Subject& subject)
    : loop_(loop),
      config_(config),
      lifecycle_(lifecycle),
      metrics_(metrics),
      reaper_(reaper),
      subject_(subject),
      idle_(loop, [this] { check_idle(); }),
      deadline_(loop, [this] { on_deadline(); }),
      check_(loop, [this] { check(); }) {}

void Drain::on_terminate() {
  if (ending()) return stop();
  limit();
  if (lifecycle_.stage() < Stage::kDraining) return drain();
  if (drained_) close();
}

void Drain::on_interrupt() {
  if (ending()) return stop();
  limit();
  close();
}

void Drain::prepare() {
  if (lifecycle_.stage() < Stage::kDraining) return drain();
  if (drained_ || ending()) tell_waiters();
}

void Drain::on_function_gone() {
  stop();
}

void Drain::limit() {
  signalled_ = true;
  deadline_.set_after(config_.shutdown_timeout - stop_timeout(config_));
}

void Drain::on_deadline() {
  const Stage stage = lifecycle_.stage();
  if (only_report_left_ || stage == Stage::kAborting) return end();
  if (stage < Stage::kStopping) return stop();
  abort();
}

void Drain::drain() {
  lifecycle_.note_request(loop_.now());
  advance(Stage::kDraining);
  const auto& interval = config_.healthcheck_interval;
  if (!interval && !reachable_from_outside()) {
    say("unreachable", "nobody outside can reach us (no network interface but lo is up)");
    return on_drained();
  }
  const Duration serving_most = config_.shutdown_timeout - stop_timeout(config_);
  const std::string serving =
      interval ? fmt::format("for {} more", format_duration(std::min(*interval, serving_most)))
               : fmt::format("until {} pass without a request", format_duration(kIdle));
  const std::string end =
      signalled_ ? fmt::format("in {} at the latest", format_duration(config_.shutdown_timeout))
                 : "after SIGTERM";
  say("draining", fmt::format("unready, serving {}; requests running: {}; the end is {}", serving,
                              metrics_.requests_in_flight.load(), end));
  idle_.set_after(interval.value_or(kLookInterval));
}

void Drain::check_idle() {
  if (lifecycle_.stage() != Stage::kDraining) return;
  const Instant idle_at = lifecycle_.last_request() + kIdle;
  const bool waits = !config_.healthcheck_interval && idle_at > loop_.now();
  if (waits && reachable_from_outside()) {
    idle_.set(std::min<Instant>(idle_at, loop_.now() + kLookInterval));
    return;
  }
  on_drained();
}

void Drain::on_drained() {
  drained_ = true;
  tell_waiters();
  if (signalled_) close();
}

void Drain::tell_waiters() {
  waiters_.take_all([](const Waiter& tell) { tell(); });
}

void Drain::close() {
  say("closing",
      fmt::format("no new connections; requests running: {}", metrics_.requests_in_flight.load()));
  advance(Stage::kClosing);
}

void Drain::stop() {
  if (lifecycle_.stage() >= Stage::kStopping) return;
  if (only_report_left_) return end();
  say("stopping",
      fmt::format("what still runs is asked to end within {}; requests running: {}",
                  format_duration(stop_timeout(config_)), metrics_.requests_in_flight.load()));
  advance(Stage::kStopping);
  subject_.stop_function();
  deadline_.set_after(stop_timeout(config_));
}

void Drain::abort() {
  const int64_t unanswered = metrics_.requests_in_flight;
  say("aborting",
      fmt::format("requests that were not answered in time and get 503: {}", unanswered),
      unanswered == 0 ? log::Level::kInfo : log::Level::kWarning);
  advance(Stage::kAborting);
  subject_.abandon_function();
  deadline_.set_after(kLastWords);
}

void Drain::say(std::string_view stage, std::string_view what, log::Level level) const {
  log::event(level, "stopping", fmt::format("Stopping: {}", what),
             {{"stage", stage}, {"requests_in_flight", metrics_.requests_in_flight.load()}});
}

void Drain::advance(Stage stage) {
  lifecycle_.advance(stage);
  subject_.on_stage();
  if (stage >= Stage::kClosing) check_.set_after(kCheckInterval);
}

void Drain::check() {
  const Stage stage = lifecycle_.stage();
  if (stage < Stage::kClosing || stage == Stage::kOver) return;
  if (stage == Stage::kAborting) reaper_.kill_abandoned();
  const bool idle = subject_.idle();
  // The last request has been answered: nobody needs the warm function any more.
  if (idle) subject_.stop_function();
  const bool done = idle && subject_.function_over() && reaper_.idle();
  const bool alone =
      (done || stage == Stage::kAborting) && reaper_.end_descendants(stop_timeout(config_));
  only_report_left_ = done && alone;
  if (only_report_left_ && subject_.report_sent()) return end();
  check_.set_after(kCheckInterval);
}

void Drain::end() {
  advance(Stage::kOver);
  log::event(log::Level::kInfo, "stopped", "Stopped");
}

}  // namespace watchdog

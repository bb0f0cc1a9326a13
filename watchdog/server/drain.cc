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
  if (begun()) return stop();
  limit();
  drain();
}

void Drain::on_interrupt() {
  if (begun()) return stop();
  limit();
  close();
}

void Drain::on_function_gone() {
  stop();
}

void Drain::limit() {
  deadline_.set_after(config_.shutdown_timeout - stop_timeout(config_));
}

void Drain::on_deadline() {
  const Stage stage = lifecycle_.stage();
  if (stage < Stage::kStopping) return stop();
  if (stage < Stage::kAborting) return abort();
  advance(Stage::kOver);
}

void Drain::drain() {
  lifecycle_.note_request(loop_.now());
  advance(Stage::kDraining);
  const auto& interval = config_.healthcheck_interval;
  if (!interval && !reachable_from_outside()) {
    log::info("Stopping: nobody outside can reach us (no network interface but lo is up)");
    return close();
  }
  const Duration serving_most = config_.shutdown_timeout - stop_timeout(config_);
  const std::string serving =
      interval ? fmt::format("for {} more", format_duration(std::min(*interval, serving_most)))
               : fmt::format("until {} pass without a request", format_duration(kIdle));
  log::info("Stopping: unready, serving {}; requests running: {}; the end is in {} at the latest",
            serving, metrics_.requests_in_flight.load(), format_duration(config_.shutdown_timeout));
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
  close();
}

void Drain::close() {
  log::info("Stopping: no new connections; requests running: {}",
            metrics_.requests_in_flight.load());
  advance(Stage::kClosing);
}

void Drain::stop() {
  if (lifecycle_.stage() >= Stage::kStopping) return;
  log::info("Stopping: what still runs is asked to end within {}; requests running: {}",
            format_duration(stop_timeout(config_)), metrics_.requests_in_flight.load());
  advance(Stage::kStopping);
  subject_.stop_function();
  deadline_.set_after(stop_timeout(config_));
}

void Drain::abort() {
  log::warn("Stopping: requests that were not answered in time and get 503: {}",
            metrics_.requests_in_flight.load());
  advance(Stage::kAborting);
  subject_.abandon_function();
  deadline_.set_after(kLastWords);
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
  if (!done || !alone) {
    check_.set_after(kCheckInterval);
    return;
  }
  log::info("Stopped");
  advance(Stage::kOver);
}

}  // namespace watchdog

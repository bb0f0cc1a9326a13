#include "server/drain.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "net/interfaces.h"

namespace watchdog {

namespace {

// After the last 503 has been written: how long until it has left, and what was killed is reaped.
constexpr auto kLastWords = std::chrono::milliseconds(500);
constexpr auto kCheckInterval = std::chrono::milliseconds(5);

}  // namespace

Drain::Drain(Loop& loop, const Shared& shared, std::vector<Worker*> workers, WarmFunction* function)
    : loop_(loop),
      shared_(shared),
      workers_(std::move(workers)),
      function_(function),
      quiet_(loop, [this] { check_idle(); }),
      deadline_(loop,
                [this] {
                  const Stage stage = shared_.health.stage();
                  if (stage < Stage::kStopping) return stop();
                  if (stage < Stage::kAborting) return cut();
                  advance(Stage::kOver);
                }),
      check_(loop, [this] { check(); }) {}

void Drain::on_terminate() {
  if (begun()) return stop();
  deadline_.set_after(shared_.config.shutdown_timeout - stop_timeout(shared_.config));
  leave();
}

void Drain::on_interrupt() {
  if (begun()) return stop();
  deadline_.set_after(shared_.config.shutdown_timeout - stop_timeout(shared_.config));
  close();
}

void Drain::on_function_gone() {
  if (shared_.health.stage() < Stage::kStopping) stop();
}

void Drain::leave() {
  shared_.health.note_request(loop_.now());
  advance(Stage::kDraining);
  const auto& interval = shared_.config.healthcheck_interval;
  if (!interval && !reachable_from_outside()) {
    log::info("Stopping: nobody outside can reach us (no network interface but lo is up)");
    return close();
  }
  const Duration serving_most = shared_.config.shutdown_timeout - stop_timeout(shared_.config);
  const std::string serving =
      interval ? fmt::format("for {} more", format_duration(std::min(*interval, serving_most)))
               : fmt::format("until {} pass without a request", format_duration(kQuiet));
  log::info("Stopping: unready, serving {}; requests running: {}; the end is in {} at the latest",
            serving, shared_.metrics.requests_in_flight.load(),
            format_duration(shared_.config.shutdown_timeout));
  quiet_.set_after(interval.value_or(kLookInterval));
}

void Drain::check_idle() {
  if (shared_.health.stage() != Stage::kDraining) return;
  const Instant quiet_at = shared_.health.last_request() + kQuiet;
  const bool waits = !shared_.config.healthcheck_interval && quiet_at > loop_.now();
  if (waits && reachable_from_outside()) {
    quiet_.set(std::min<Instant>(quiet_at, loop_.now() + kLookInterval));
    return;
  }
  close();
}

void Drain::close() {
  log::info("Stopping: no new connections; requests running: {}",
            shared_.metrics.requests_in_flight.load());
  advance(Stage::kClosing);
}

void Drain::stop() {
  if (shared_.health.stage() >= Stage::kStopping) return;
  log::info("Stopping: what still runs is asked to end within {}; requests running: {}",
            format_duration(stop_timeout(shared_.config)),
            shared_.metrics.requests_in_flight.load());
  advance(Stage::kStopping);
  if (function_ != nullptr) function_->stop();
  deadline_.set_after(stop_timeout(shared_.config));
}

void Drain::cut() {
  log::warn("Stopping: requests that were not answered in time and get 503: {}",
            shared_.metrics.requests_in_flight.load());
  advance(Stage::kAborting);
  if (function_ != nullptr) function_->abandon();
  deadline_.set_after(kLastWords);
}

void Drain::advance(Stage stage) {
  shared_.health.advance(stage);
  for (Worker* worker : workers_) worker->follow();
  if (stage >= Stage::kClosing) check_.set_after(kCheckInterval);
}

void Drain::check() {
  const Stage stage = shared_.health.stage();
  if (stage < Stage::kClosing || stage == Stage::kOver) return;
  const bool quiet = std::all_of(workers_.begin(), workers_.end(),
                                 [](const Worker* worker) { return worker->quiet(); });
  if (stage == Stage::kAborting) shared_.reaper.kill_abandoned();
  // The last request has been answered: nobody needs the warm process any more.
  if (quiet && function_ != nullptr) function_->stop();
  const bool supervised = function_ != nullptr && !function_->over();
  const bool done = quiet && !supervised && shared_.reaper.idle();
  const bool alone = (done || stage == Stage::kAborting) &&
                     shared_.reaper.end_descendants(stop_timeout(shared_.config));
  if (!done || !alone) {
    check_.set_after(kCheckInterval);
    return;
  }
  log::info("Stopped");
  advance(Stage::kOver);
}

}  // namespace watchdog

#include "modes/fork/warm/warm_starts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "modes/fork/warm/preload_image.h"
#include "modes/fork/warm/program_kind.h"
#include "process/reaper.h"

namespace watchdog {

namespace {

constexpr auto kSweep = std::chrono::milliseconds(20);
// What is started behind a spare must not take the CPU from its request: it is started when the
// request's process has ended, and the response had this time to leave, or after the second, where
// the process runs for longer.
constexpr auto kRefill = std::chrono::milliseconds(2);
constexpr auto kMostRefill = std::chrono::milliseconds(50);

constexpr std::string_view name_of(warm_interpreter interpreter) {
  constexpr std::array<std::string_view, 5> kNames = {"unknown interpreter", "python3", "php",
                                                      "perl", "bash"};
  return kNames[static_cast<size_t>(interpreter) < kNames.size() ? interpreter : WARM_UNKNOWN];
}

}  // namespace

WarmStarts::WarmStarts(const ModeContext& context, Command& command, std::vector<char*> environment,
                       bool merged)
    : context_(context),
      command_(command),
      environment_(std::move(environment)),
      merged_(merged),
      settled_(context.config.warm_start != WarmStart::kAuto),
      next_(context.loop, [this] { refill(); }),
      age_(context.loop, [this] { on_age(); }),
      sweep_(context.loop, [this] { sweep(); }),
      refill_(context.loop, [this] { refill(); }),
      settling_(context.loop, [this] { plan_changed_.wake(); }),
      plan_changed_(context.loop, [this] { follow_plan(); }) {
  use_kind(context.config.warm_start);
  context_.reaper.keep_orphans();
  if (context_.plan == nullptr) context_.plan = &own_plan_;
  context_.plan->join(plan_changed_);
  generation_ = context_.plan->generation();
  // On the loop, when it runs.
  plan_changed_.wake();
}

WarmStarts::~WarmStarts() {
  context_.plan->leave(plan_changed_);
}

bool WarmStarts::ask(WarmRequest& request, const WarmRequest::Needs& needs,
                     std::optional<Fallback>& reason) {
  follow_plan();
  reason = unusable_;
  if (reason) return false;
  if (supply_ == Supply::kFailed) reason = Fallback::kTemplateGone;
  drop_printed();
  TemplateProcess* best = nullptr;
  for (const Member& member : pool_) {
    if (!member.process->available()) continue;
    if (best == nullptr || !member.outdated) best = member.process.get();
    if (!member.outdated) break;
  }
  if (best == nullptr) {
    if (supply_ == Supply::kReady) reason = Fallback::kOverloaded;  // every spare is in use
    return false;
  }
  reason = best->ask(request, needs);
  return !reason;
}

// A spare may have threads: what one of them prints while it waits would be lost.
void WarmStarts::drop_printed() {
  if (kind_ != TemplateProcess::Kind::kSpare) return;
  for (auto next = pool_.begin(); next != pool_.end();) {
    const auto member = next++;
    if (!member->process->available() || !member->process->has_printed()) continue;
    drop(member);
    refill_.fire_within(kRefill);
  }
}

std::unique_ptr<SpareProcess> WarmStarts::take_spare(std::optional<Fallback>& reason) {
  follow_plan();
  reason = unusable_;
  if (reason) return nullptr;
  while (!spares_.empty()) {
    std::unique_ptr<SpareProcess> oldest = std::move(spares_.front());
    spares_.pop_front();
    refill_.fire_within(kMostRefill);
    if (oldest->has_printed()) {
      context_.loop.retire(std::move(oldest));
      be_unusable(Fallback::kNoRead, "it printed something before it had a request");
      reason = unusable_;
      return nullptr;
    }
    if (oldest->runs()) return oldest;
    spares_.push_front(std::move(oldest));  // its end is about to be told, with its reason
    reason = Fallback::kTemplateGone;
    return nullptr;
  }
  if (supply_ == Supply::kFailed) reason = Fallback::kTemplateGone;
  if (supply_ == Supply::kReady) reason = Fallback::kOverloaded;
  return nullptr;
}

void WarmStarts::stop() {
  stopped_ = true;
  trial_ = nullptr;
  next_.clear();
  age_.clear();
  refill_.clear();
  drop_all();
}

void WarmStarts::drop_all() {
  while (!pool_.empty()) drop(pool_.begin());
  for (auto& spare : spares_) {
    spare->end();
    context_.loop.retire(std::move(spare));
  }
  spares_.clear();
}

void WarmStarts::start() {
  if (plain()) return refill();
  if (preload_image() < 0) {
    return be_unusable(Fallback::kNoMemfd, fmt::format("memfd_create: {}", strerror(errno)));
  }
  const auto path = command_.path();
  if (path && is_static_program(*path)) {
    return be_unusable(Fallback::kStatic, fmt::format("{} has no dynamic loader", *path));
  }
  refill();
}

size_t WarmStarts::wanted() const {
  return kind_ == TemplateProcess::Kind::kSpare ? context_.config.warm_spares : 1;
}

void WarmStarts::refill() {
  if (stopped_ || unusable_ || context_.lifecycle.ending()) return;
  if (plain()) return refill_spares();
  const auto fresh =
      std::ranges::count_if(pool_, [](const Member& member) { return !member.outdated; });
  for (auto have = static_cast<size_t>(fresh); have < wanted(); ++have) {
    if (!start_one()) break;
  }
  wait_for_age();
}

// The first of them is not known to wait for its input before it has been asked for.
void WarmStarts::refill_spares() {
  while (spares_.size() < wanted()) {
    auto started = SpareProcess::start(
        context_.loop, context_.reaper, command_, environment_.data(), merged_,
        [this](SpareProcess& spare, ExitStatus status) { on_spare_end(spare, status); });
    if (!started) return on_start_error(started.error());
    spares_.push_back(std::move(*started));
  }
  supply_ = Supply::kReady;
  announce("it gets no variables");
  wait_for_age();
}

void WarmStarts::on_spare_end(SpareProcess& spare, ExitStatus status) {
  const Instant started_at = spare.started_at();
  for (auto& member : spares_) {
    if (member.get() == &spare) context_.loop.retire(std::move(member));
  }
  std::erase(spares_, nullptr);
  const bool at_once =
      status.signal == 0 && context_.loop.now() - started_at < RestartBackoff::kHealthyAfter;
  on_failure(at_once ? Fallback::kNoRead : Fallback::kTemplateGone,
             fmt::format("it ended before it had a request: {}", status.text()),
             at_once && status.success(), started_at);
}

bool WarmStarts::start_one() {
  auto started = TemplateProcess::start(context_.loop, context_.reaper, command_,
                                        environment_.data(), kind_, *this);
  if (started) {
    pool_.push_back({std::move(*started)});
    return true;
  }
  on_start_error(started.error());
  return false;
}

// Said once, until there is another reason.
void WarmStarts::on_start_error(int error) {
  if (error != std::exchange(start_error_, error)) {
    const std::string cause = command_.explain(error);
    log::event(log::Level::kWarning, "template_not_started",
               fmt::format("warm start: {}; trying again", cause), {{"cause", cause}});
  }
  start_later(backoff_.after({}));
}

std::optional<Fallback> WarmStarts::objection(const TemplateProcess& process) const {
  const bool variables = context_.config.cgi_headers;
  const bool unknown = process.interpreter() == WARM_UNKNOWN;
  if (process.has_children()) return Fallback::kDiffers;
  if (kind_ == TemplateProcess::Kind::kSpare) {
    return unknown && variables ? std::optional(Fallback::kUnknownInterpreter) : std::nullopt;
  }
  if (process.threads() > 1) return Fallback::kThreads;
  return unknown ? std::optional(Fallback::kUnknownInterpreter) : std::nullopt;
}

void WarmStarts::on_template_ready(TemplateProcess& ready) {
  if (const auto reason = objection(ready)) {
    std::string detail = "it is none of python3, php, perl and bash";
    if (*reason == Fallback::kThreads) {
      detail = fmt::format("the template has {} threads", ready.threads());
    } else if (*reason == Fallback::kDiffers) {
      detail = "it has started other processes before it read its input";
    }
    return be_unusable(*reason, detail);
  }
  supply_ = Supply::kReady;
  attempts_ = 0;
  drop_one_outdated();
  announce(name_of(ready.interpreter()));
}

void WarmStarts::announce(std::string_view program) {
  program_ = program;
  if (trial_ != nullptr) return tell_trial();
  if (!context_.plan->claim_announcement(kind())) return;
  const std::string_view word = kind_ == TemplateProcess::Kind::kSpare ? "spare" : "zygote";
  log::event(log::Level::kInfo, "warm_start", fmt::format("Warm start: {} ({})", word, program),
             {{"kind", word}, {"program", program}});
}

void WarmStarts::on_template_gone(TemplateProcess& gone, Fallback reason, const std::string& detail,
                                  bool lasting) {
  const Instant started_at = gone.started_at();
  const auto member = find(gone);
  if (member == pool_.end()) return;  // it was leaving, or another kind is being tried already
  context_.loop.retire(std::move(member->process));
  pool_.erase(member);
  on_failure(reason, detail, lasting, started_at);
}

void WarmStarts::on_failure(Fallback reason, const std::string& detail, bool lasting,
                            Instant started_at) {
  if (stopped_ || unusable_ || context_.lifecycle.ending()) return;
  if (lasting || trial_ != nullptr ||
      (reason == Fallback::kNoRead && ++attempts_ >= kMostAttempts)) {
    return be_unusable(reason, detail);
  }
  const Duration wait = backoff_.after(context_.loop.now() - started_at);
  ++context_.metrics.template_restarts;
  log::event(log::Level::kWarning, "template_gone",
             fmt::format("warm start: the process that waited for requests is gone, starting "
                         "another in {}: {}",
                         format_duration(wait), detail),
             {{"cause", detail}, {"delay_s", seconds(wait)}});
  start_later(wait);
}

void WarmStarts::start_later(Duration wait) {
  supply_ = Supply::kFailed;
  next_.set_after(wait);
}

void WarmStarts::on_template_used(TemplateProcess& used) {
  if (const auto member = find(used); member != pool_.end()) {
    context_.loop.retire(std::move(member->process));
    pool_.erase(member);
  }
  refill_.fire_within(kMostRefill);
}

void WarmStarts::on_request_over() {
  if (refill_.armed()) refill_.fire_within(kRefill);
}

WarmStarts::Pool::iterator WarmStarts::find(const TemplateProcess& process) {
  return std::ranges::find_if(
      pool_, [&](const Member& member) { return member.process.get() == &process; });
}

// What is asked for a process already still gives it.
void WarmStarts::drop(Pool::iterator member) {
  if (member->process->waited_for()) {
    leaving_.push_back(std::move(member->process));
    sweep_.set_after(kSweep);
  } else {
    member->process->end();
    context_.loop.retire(std::move(member->process));
  }
  pool_.erase(member);
}

void WarmStarts::drop_one_outdated() {
  const auto outdated = std::ranges::find_if(pool_, &Member::outdated);
  if (outdated != pool_.end()) drop(outdated);
}

void WarmStarts::sweep() {
  for (auto next = leaving_.begin(); next != leaving_.end();) {
    const auto process = next++;
    if ((*process)->waited_for() && !(*process)->gone()) continue;
    context_.loop.retire(std::move(*process));
    leaving_.erase(process);
  }
  if (!leaving_.empty()) sweep_.set_after(kSweep);
}

void WarmStarts::be_unusable(Fallback reason, const std::string& detail) {
  unusable_ = reason;
  drop_all();
  refill_.clear();
  next_.clear();
  age_.clear();
  if (trial_ != nullptr) return trial_->on_trial_unusable(reason, detail);
  if (!context_.plan->claim_announcement(WarmStart::kOff)) return;
  log::event(log::Level::kWarning, "warm_start",
             fmt::format("Warm start: off: {} ({})", detail, info(reason).word),
             {{"kind", "off"}, {"reason", info(reason).word}, {"cause", detail}});
}

}  // namespace watchdog

#include <algorithm>

#include "modes/fork/warm/warm_starts.h"

// The part of WarmStarts that is about which kind of start there is, and until when: auto, the
// WarmPlan that the workers have in common, and the age of what waits.

namespace watchdog {

void WarmStarts::use_kind(WarmStart kind) {
  kind_ =
      kind == WarmStart::kSpare ? TemplateProcess::Kind::kSpare : TemplateProcess::Kind::kZygote;
}

bool WarmStarts::plain() const {
  return kind_ == TemplateProcess::Kind::kSpare && !context_.config.cgi_headers;
}

WarmStart WarmStarts::kind() const {
  return kind_ == TemplateProcess::Kind::kSpare ? WarmStart::kSpare : WarmStart::kZygote;
}

void WarmStarts::try_kind(WarmStart kind, Trial& trial) {
  drop_all();
  unusable_.reset();
  supply_ = Supply::kStarting;
  attempts_ = 0;
  trial_ = &trial;
  trial_waits_ = true;
  use_kind(kind);
  if (plain()) settling_.set_after(kSettling);
  start();
}

void WarmStarts::wait_for_trial() {
  trial_waits_ = true;
  plan_changed_.wake();
}

void WarmStarts::tell_trial() {
  if (trial_ == nullptr || !trial_waits_ || settling_.armed()) return;
  const bool waiting = !spares_.empty() || std::ranges::any_of(pool_, [](const Member& member) {
    return member.process->available();
  });
  if (!waiting) return;
  trial_waits_ = false;
  trial_->on_trial_ready(program_);
}

void WarmStarts::settle(WarmStart kind, Fallback reason) {
  trial_ = nullptr;
  context_.plan->claim_announcement(kind);  // which whoever compared has logged
  context_.plan->decide(kind, reason, generation_);
  follow_decision();
}

void WarmStarts::follow_decision() {
  const WarmStart decision = context_.plan->decision();
  if (settled_ || decision == WarmStart::kAuto) return;
  settled_ = true;
  if (decision == WarmStart::kOff) {
    unusable_ = context_.plan->reason();
    return drop_all();
  }
  use_kind(decision);
  unusable_.reset();
  if (pool_.empty() && spares_.empty()) start();
}

void WarmStarts::follow_plan() {
  if (stopped_) return;
  if (context_.plan->generation() != generation_) {
    generation_ = context_.plan->generation();
    return renew();
  }
  if (trial_ != nullptr) return tell_trial();
  if (!settled_) {
    if (context_.plan->decision() != WarmStart::kAuto) return follow_decision();
    if (context_.plan->claim_comparison()) begin_comparison_();
    return;
  }
  if (pool_.empty() && spares_.empty() && !unusable_ && !next_.armed() && !refill_.armed()) start();
}

void WarmStarts::wait_for_age() {
  if (context_.config.warm_max_age && !age_.armed()) {
    age_.set_after(*context_.config.warm_max_age);
  }
}

void WarmStarts::on_age() {
  for (Member& member : pool_) member.outdated = true;
  for (auto& spare : spares_) context_.loop.retire(std::move(spare));
  spares_.clear();
  refill();
}

void WarmStarts::renew() {
  drop_all();
  refill_.clear();
  next_.clear();
  age_.clear();
  unusable_.reset();
  supply_ = Supply::kStarting;
  attempts_ = 0;
  backoff_.reset();
  command_.forget_path();
  trial_ = nullptr;
  if (cancel_comparison_) cancel_comparison_();
  settled_ = context_.config.warm_start != WarmStart::kAuto;
  settled_ ? start() : plan_changed_.wake();
}

}  // namespace watchdog

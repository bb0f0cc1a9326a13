#include "function/warm_plan.h"

#include <doctest/doctest.h>

#include "fake_clock.h"

using namespace watchdog;

TEST_CASE("one worker compares for all, and one announces") {
  WarmPlan plan;
  CHECK(plan.claim_comparison());
  CHECK_FALSE(plan.claim_comparison());
  CHECK(plan.claim_announcement(WarmStart::kZygote));
  CHECK_FALSE(plan.claim_announcement(WarmStart::kZygote));
  CHECK(plan.claim_announcement(WarmStart::kOff));  // where it cannot go on
  CHECK_FALSE(plan.claim_announcement(WarmStart::kOff));
}

TEST_CASE("a decision wakes the workers that wait for it") {
  WarmPlan plan;
  Loop loop;
  WarmStart seen = WarmStart::kAuto;
  Wakeup wakeup(loop, [&] { seen = plan.decision(); });
  plan.join(wakeup);
  plan.decide(WarmStart::kSpare, Fallback::kThreads, plan.generation());
  CHECK(poll_until(loop, [&] { return seen == WarmStart::kSpare; }));
  CHECK(plan.reason() == Fallback::kThreads);
  plan.leave(wakeup);
}

TEST_CASE("new files make what was found out void") {
  WarmPlan plan;
  CHECK(plan.claim_comparison());
  plan.decide(WarmStart::kZygote, {}, plan.generation());
  const uint64_t before = plan.generation();
  plan.renew();
  CHECK(plan.generation() != before);
  CHECK(plan.decision() == WarmStart::kAuto);
  CHECK(plan.claim_comparison());
  plan.decide(WarmStart::kZygote, {}, before);  // of the old ones, too late
  CHECK(plan.decision() == WarmStart::kAuto);
}

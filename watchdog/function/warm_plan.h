#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <vector>

#include "base/enum_table.h"
#include "config/config.h"
#include "net/loop.h"

namespace watchdog {

// Why a request's process was started for it, although warm_start asks for another way.
enum class Fallback {
  kThreads,             // the program has threads, which a fork would be without
  kStatic,              // no library can be preloaded into it
  kNoRead,              // it ends before it reads its input
  kUnknownInterpreter,  // nobody could give it the variables of a request
  kDiffers,       // its response, or what it did before it read, would not be that of a cold start
  kTemplateGone,  // the process that was started before has ended
  kTemplateSlow,  // it did not answer in time
  kNoMemfd,       // the kernel, or a seccomp profile, has no memfd_create
  kNoMemory,      // there was no memory, or no process, for the fork
  kOverloaded,    // too many requests wait for it
};

// Its word in metrics and in the log.
struct FallbackWord {
  Fallback fallback;
  std::string_view word;
  std::string_view note;  // in the access line
};
inline constexpr FallbackWord kFallbackWords[] = {
    {Fallback::kThreads, "threads", "cold start: threads"},
    {Fallback::kStatic, "static", "cold start: static"},
    {Fallback::kNoRead, "no_read", "cold start: no_read"},
    {Fallback::kUnknownInterpreter, "unknown_interpreter", "cold start: unknown_interpreter"},
    {Fallback::kDiffers, "differs", "cold start: differs"},
    {Fallback::kTemplateGone, "template_gone", "cold start: template_gone"},
    {Fallback::kTemplateSlow, "template_slow", "cold start: template_slow"},
    {Fallback::kNoMemfd, "no_memfd", "cold start: no_memfd"},
    {Fallback::kNoMemory, "no_memory", "cold start: no_memory"},
    {Fallback::kOverloaded, "overloaded", "cold start: overloaded"},
};
static_assert(has_row_per_enumerator(kFallbackWords, &FallbackWord::fallback,
                                     Fallback::kOverloaded));
inline constexpr size_t kFallbackCount = std::size(kFallbackWords);

constexpr const FallbackWord& info(Fallback fallback) {
  return kFallbackWords[static_cast<size_t>(fallback)];
}

// What the workers have in common about warm starts: whether what they have started is out of date,
// what auto has found, and who tells the log. Owned by the Watchdog; any thread may use it.
class WarmPlan {
 public:
  // The function's files have changed: what was started before now is not to be used, and what was
  // found out does not hold.
  void renew();
  uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

  // Returns true to one caller: the worker that compares for all (auto).
  bool claim_comparison() { return !claimed_.exchange(true); }
  // What it has found; `reason` why it is kOff. Wakes those who wait.
  // Where files have changed since `generation`, it does not count.
  void decide(WarmStart kind, Fallback reason, uint64_t generation);
  Fallback reason() const { return reason_.load(std::memory_order_relaxed); }
  // kAuto while it is not known.
  WarmStart decision() const { return decision_.load(std::memory_order_acquire); }

  // Returns whether the log has another line than that this kind of start is used (kOff: none), or
  // none at all: then the caller logs it.
  bool claim_announcement(WarmStart kind) { return announced_.exchange(kind) != kind; }

  // `wakeup` is woken by renew() and decide(), until leave().
  void join(Wakeup& wakeup);
  void leave(Wakeup& wakeup);

 private:
  void wake_all();

  std::atomic<uint64_t> generation_{0};
  std::atomic<bool> claimed_{false};
  std::atomic<WarmStart> announced_{WarmStart::kAuto};  // kAuto: nothing
  std::atomic<WarmStart> decision_{WarmStart::kAuto};
  std::atomic<Fallback> reason_{Fallback::kDiffers};
  std::mutex mutex_;
  std::vector<Wakeup*> wakeups_;
};

}  // namespace watchdog

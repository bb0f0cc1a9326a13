#include "trace/request_span.h"

#include <utility>

namespace watchdog {

std::string_view name_of(Phase phase) {
  switch (phase) {
    case Phase::kUpload:
      return "upload";
    case Phase::kQueue:
      return "queue";
    case Phase::kStart:
      return "start";
    case Phase::kSpawn:
      return "spawn";
    case Phase::kFirstByte:
      return "first byte";
    case Phase::kBody:
      return "body";
  }
  return "";
}

void RequestSpan::enter(Phase phase, Instant now) {
  if (in_phase_ && phases_[count_ - 1].phase == phase) return;
  leave(now);
  if (count_ == kMostPhases) return;
  phases_[count_++] = {phase, now, now};
  in_phase_ = true;
}

void RequestSpan::leave(Instant now) {
  if (std::exchange(in_phase_, false)) phases_[count_ - 1].end = now;
}

}  // namespace watchdog

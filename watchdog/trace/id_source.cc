#include "trace/id_source.h"

#include <sys/random.h>

#include <bit>
#include <cstdlib>
#include <cstring>

namespace watchdog {

namespace {

// The digits of four bytes, whose order does not matter.
uint64_t hexadecimal(uint32_t number) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  uint64_t halves = number;
  halves = (halves | halves << 16) & 0x0000ffff0000ffff;
  halves = (halves | halves << 8) & 0x00ff00ff00ff00ff;
  halves = (halves | halves << 4) & 0x0f0f0f0f0f0f0f0f;
  const uint64_t letters = ((halves + 6 * kOnes) >> 4) & kOnes;  // 1 where it is 10 or more
  return halves + '0' * kOnes + ('a' - '0' - 10) * letters;
}

}  // namespace

void IdSource::begin_trace(TraceIds& ids, Instant now) {
  seed_if_due(now);
  put_sixteen(ids.trace.data());
  put_sixteen(ids.trace.data() + 16);
  put_sixteen(ids.span.data());
}

void IdSource::make_span_id(std::array<char, 16>& id, Instant now) {
  seed_if_due(now);
  put_sixteen(id.data());
}

void IdSource::put_sixteen(char* digits) {
  uint64_t number = next();
  while (number == 0) number = next();
  const std::array text = {hexadecimal(static_cast<uint32_t>(number)),
                           hexadecimal(static_cast<uint32_t>(number >> 32))};
  std::memcpy(digits, text.data(), sizeof text);
}

uint64_t IdSource::next() {
  const uint64_t number = std::rotl(state_[0] + state_[3], 23) + state_[0];
  const uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return number;
}

void IdSource::seed_if_due(Instant now) {
  if (left_ > 0 && now - seeded_ < std::chrono::seconds(1)) {
    --left_;
    return;
  }
  left_ = kMostIds - 1;
  seeded_ = now;
  // It fails only where the kernel is older than 3.17, which cannot run us.
  const ssize_t got = ::getrandom(state_.data(), sizeof state_, 0);
  if (got != static_cast<ssize_t>(sizeof state_)) std::abort();
}

}  // namespace watchdog

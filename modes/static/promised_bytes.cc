#include "modes/static/promised_bytes.h"

#define XXH_INLINE_ALL
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <utility>

namespace watchdog {

namespace {

constexpr uint64_t kSamples = 4;
constexpr size_t kSampleSize = 512;
constexpr int kMostTries = 3;

}  // namespace

PromisedBytes::PromisedBytes(FilePointer file, ByteRange range)
    : file_(std::move(file)),
      range_(range),
      accepted_{file_->identity.size, file_->identity.modified} {
  if (file_->identity.unchanging()) return;
  // Nothing has been sent: what is there now is promised, if only it is the same before and after.
  for (int tries = 0; tries < kMostTries; ++tries) {
    const State before = state();
    if (before.size < accepted_.size) return;
    samples_ = sample();
    if (state() == before) {
      if (before.size > accepted_.size) accepted_ = before;
      return;
    }
  }
}

bool PromisedBytes::intact() {
  const State now = state();
  if (now == accepted_) return true;
  if (now.size <= accepted_.size || samples_ == 0 || sample() != samples_) return false;
  accepted_ = now;
  return true;
}

void PromisedBytes::before_waiting() {
  if (samples_ != 0) return;
  const uint64_t samples = sample();
  if (state() == accepted_) samples_ = samples;
}

PromisedBytes::State PromisedBytes::state() const {
  struct stat status {};
  if (::fstat(file_->descriptor.get(), &status) != 0) return {};
  const FileIdentity identity(status);
  return {identity.size, identity.modified};
}

uint64_t PromisedBytes::sample() const {
  std::array<char, kSamples * kSampleSize> bytes{};
  const uint64_t size = std::min<uint64_t>(range_.size, kSampleSize);
  for (uint64_t i = 0; i < kSamples; ++i) {
    const uint64_t offset = range_.first + (range_.size - size) / (kSamples - 1) * i;
    // The last one ends with the range, whatever the division leaves.
    const uint64_t at = i + 1 == kSamples ? range_.first + range_.size - size : offset;
    const ssize_t got = ::pread(file_->descriptor.get(), bytes.data() + i * kSampleSize, size,
                                static_cast<off_t>(at));
    if (got != static_cast<ssize_t>(size)) return 0;
  }
  return std::max<uint64_t>(1, XXH3_64bits(bytes.data(), bytes.size()));
}

}  // namespace watchdog

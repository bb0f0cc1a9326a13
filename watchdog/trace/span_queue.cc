#include "trace/span_queue.h"

#include <algorithm>
#include <utility>

namespace watchdog {

namespace {

// Mostly enough for the span of a request.
constexpr size_t kUsual = 1024;

bool has_room(const std::vector<std::string>& blocks, size_t size) {
  return !blocks.empty() && blocks.back().capacity() - blocks.back().size() >= size;
}

}  // namespace

void SpanQueue::add(std::string_view text, size_t spans) {
  bool news = false;
  {
    const std::lock_guard lock(mutex_);
    const bool begins = batches_.empty() || batches_.back().spans + spans > limits_.batch;
    const size_t size = text.size() + 1;  // with a comma
    const size_t block = !begins && has_room(batches_.back().blocks, size)
                             ? 0
                             : std::max(size, std::min(kBlock, limits_.batch * kUsual));
    if (spans_ + spans > limits_.spans || bytes_ + block > kMostBytes) {
      dropped_.fetch_add(spans, std::memory_order_relaxed);
      return;
    }
    if (begins) {
      news = batches_.size() <= 1;  // the first of them, which is full where there is another
      batches_.emplace_back();
    }
    Batch& last = batches_.back();
    if (block > 0) add_block(last.blocks, block);
    if (last.spans > 0) last.blocks.back() += ',';
    last.blocks.back() += text;
    last.spans += spans;
    last.bytes += block;
    news = news || last.spans == limits_.batch;
    spans_ += spans;
    bytes_ += block;
  }
  if (news && wake_) wake_();
}

std::optional<SpanQueue::Batch> SpanQueue::take() {
  const std::lock_guard lock(mutex_);
  if (batches_.empty()) return std::nullopt;
  Batch batch = std::move(batches_.front());
  batches_.pop_front();
  spans_ -= batch.spans;
  bytes_ -= batch.bytes;
  return batch;
}

void SpanQueue::add_block(std::vector<std::string>& blocks, size_t size) {
  if (spare_.empty() || spare_.back().capacity() < size) {
    blocks.emplace_back().reserve(size);
    return;
  }
  blocks.push_back(std::move(spare_.back()));
  spare_.pop_back();
}

void SpanQueue::reuse(Batch batch) {
  const std::lock_guard lock(mutex_);
  if (batches_.empty() && batch.spans < limits_.batch) {
    spare_ = {};
    return;
  }
  for (std::string& block : batch.blocks) {
    if (block.capacity() > kBlock) continue;
    block.clear();
    spare_.push_back(std::move(block));
  }
}

bool SpanQueue::empty() const {
  const std::lock_guard lock(mutex_);
  return batches_.empty();
}

bool SpanQueue::has_full_batch() const {
  const std::lock_guard lock(mutex_);
  return batches_.size() > 1 || (batches_.size() == 1 && batches_[0].spans >= limits_.batch);
}

}  // namespace watchdog

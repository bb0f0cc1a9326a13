#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace watchdog {

// The spans that wait to be sent, in batches, from any thread to the one that sends them. Bounded:
// what does not fit is dropped and counted, and nobody waits.
class SpanQueue {
 public:
  // The most bytes of the blocks that wait, whatever is in them; a span has mostly some hundreds.
  static constexpr size_t kMostBytes = 8 * 1024 * 1024;

  struct Limits {
    size_t spans;  // that wait
    size_t batch;  // spans in one
  };
  // The spans as SpanWriter writes them, with commas between them, in blocks that are not copied
  // when another one is needed.
  struct Batch {
    std::vector<std::string> blocks{};
    size_t spans = 0;
    size_t bytes = 0;  // of the blocks, also where no span is yet
  };
  // At most, but for a larger span. From 128 KiB on malloc would ask the kernel for each.
  static constexpr size_t kBlock = 120 * 1024;

  // `dropped` counts; it outlives this.
  SpanQueue(const Limits& limits, std::atomic<uint64_t>& dropped)
      : limits_(limits), dropped_(dropped) {}

  // `wake` is called, on the thread of the add(), when there is something to do: a first span, or a
  // full batch. To be set before any thread adds.
  void on_news(std::function<void()> wake) { wake_ = std::move(wake); }

  // Adds spans that stay together.
  void add(std::string_view text, size_t spans);
  // Takes the oldest batch; nothing where there is none.
  std::optional<Batch> take();
  // Gives back what a batch was in. As long as batches are full, or more spans wait, the next ones
  // go into the same memory, as the kernel takes far longer to give new memory than a span takes to
  // write.
  void reuse(Batch batch);
  bool empty() const;
  bool has_full_batch() const;

 private:
  void add_block(std::vector<std::string>& blocks, size_t size);

  const Limits limits_;
  std::atomic<uint64_t>& dropped_;
  std::function<void()> wake_;
  mutable std::mutex mutex_;
  std::deque<Batch> batches_;       // all but the last one are full
  std::vector<std::string> spare_;  // blocks without spans
  size_t spans_ = 0;
  size_t bytes_ = 0;
};

}  // namespace watchdog

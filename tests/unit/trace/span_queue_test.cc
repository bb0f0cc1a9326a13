#include "trace/span_queue.h"

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

using namespace watchdog;

namespace {

std::string text_of(const SpanQueue::Batch& batch) {
  std::string text;
  for (const std::string& block : batch.blocks) text += block;
  return text;
}

struct SpanQueueTest {
  std::atomic<uint64_t> dropped{0};
  int news = 0;
  SpanQueue queue{{.spans = 6, .batch = 3}, dropped};
  SpanQueueTest() {
    queue.on_news([this] { ++news; });
  }
};

}  // namespace

TEST_CASE_FIXTURE(SpanQueueTest, "spans are taken in their order, a batch at a time") {
  for (const std::string_view span : {"a", "b", "c", "d"}) queue.add(span, 1);
  auto batch = queue.take();
  REQUIRE(batch);
  CHECK(text_of(*batch) == "a,b,c");
  CHECK(batch->spans == 3);
  batch = queue.take();
  REQUIRE(batch);
  CHECK(text_of(*batch) == "d");
  CHECK_FALSE(queue.take());
  CHECK(dropped == 0);
}

TEST_CASE_FIXTURE(SpanQueueTest, "spans that do not fit one block go on in the next one") {
  const std::string large(SpanQueue::kBlock - 2, 'x');
  const std::string larger(2 * SpanQueue::kBlock, 'y');
  queue.add("a", 1);
  queue.add(large, 1);
  queue.add(larger, 1);
  const auto batch = queue.take();
  REQUIRE(batch);
  CHECK(text_of(*batch) == "a," + large + "," + larger);
  CHECK(batch->blocks.size() == 3);
}

TEST_CASE("a block is filled up, and never made larger") {
  std::atomic<uint64_t> dropped{0};
  SpanQueue queue({.spans = 1000, .batch = 1000}, dropped);
  const std::string most(SpanQueue::kBlock - 2, 'x');
  queue.add(most, 1);
  queue.add("a", 1);
  queue.add("b", 1);
  const auto batch = queue.take();
  REQUIRE(batch);
  REQUIRE(batch->blocks.size() == 2);
  CHECK(batch->blocks[0] == most + ",a");
  CHECK(batch->blocks[0].capacity() == SpanQueue::kBlock);
  CHECK(batch->blocks[1] == ",b");
}

TEST_CASE("blocks that are mostly empty take the room of full ones") {
  std::atomic<uint64_t> dropped{0};
  SpanQueue queue({.spans = 1000, .batch = 1000}, dropped);
  const std::string more_than_half(SpanQueue::kBlock / 2, 'x');
  constexpr size_t kFit = SpanQueue::kMostBytes / SpanQueue::kBlock;
  for (size_t i = 0; i < kFit; ++i) queue.add(more_than_half, 1);
  CHECK(dropped == 0);
  queue.add(more_than_half, 1);
  CHECK(dropped == 1);
  queue.add("a", 1);  // into the last one
  CHECK(dropped == 1);
}

TEST_CASE_FIXTURE(SpanQueueTest, "a batch goes into the memory of one that was sent") {
  for (const std::string_view span : {"a", "b", "c", "d"}) queue.add(span, 1);
  auto sent = *queue.take();
  const char* const memory = sent.blocks[0].data();
  queue.reuse(std::move(sent));
  for (const std::string_view span : {"e", "f", "g"}) queue.add(span, 1);
  CHECK(text_of(*queue.take()) == "d,e,f");
  const auto last = queue.take();
  REQUIRE(last);
  CHECK(text_of(*last) == "g");
  CHECK(last->blocks[0].data() == memory);
}

TEST_CASE_FIXTURE(SpanQueueTest, "the spans of one request stay in one batch") {
  queue.add("a,b", 2);
  queue.add("c,d", 2);
  CHECK(text_of(*queue.take()) == "a,b");
  CHECK(text_of(*queue.take()) == "c,d");
}

TEST_CASE_FIXTURE(SpanQueueTest, "what does not fit is dropped and counted, and fits again later") {
  for (int i = 0; i < 3; ++i) queue.add("x,y", 2);
  queue.add("z", 1);
  CHECK(dropped == 1);
  queue.take();
  queue.add("z", 1);
  CHECK(dropped == 1);
}

TEST_CASE_FIXTURE(SpanQueueTest, "more bytes than there is room for do not fit either") {
  queue.add(std::string(SpanQueue::kMostBytes - 1, 'x'), 1);  // and a comma
  CHECK(dropped == 0);
  queue.add("y", 2);
  CHECK(dropped == 2);
  queue.take();
  queue.add("y", 1);
  CHECK(dropped == 2);
}

TEST_CASE_FIXTURE(SpanQueueTest, "the first span and each full batch are news, others are not") {
  queue.add("a", 1);
  CHECK(news == 1);
  queue.add("b", 1);
  CHECK(news == 1);
  CHECK_FALSE(queue.has_full_batch());
  queue.add("c", 1);
  CHECK(news == 2);
  CHECK(queue.has_full_batch());
  queue.take();
  CHECK(queue.empty());
}

TEST_CASE("spans of several threads are all there or counted") {
  std::atomic<uint64_t> dropped{0};
  SpanQueue queue({.spans = 1000, .batch = 10}, dropped);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&queue] {
      for (int j = 0; j < 500; ++j) queue.add("{}", 1);
    });
  }
  for (std::thread& thread : threads) thread.join();
  size_t taken = 0;
  while (const auto batch = queue.take()) taken += batch->spans;
  CHECK(taken == 1000);
  CHECK(dropped == 1000);
}

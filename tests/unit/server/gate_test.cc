#include "server/gate.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

using namespace watchdog;

TEST_CASE("a gate lets in as many as it holds, and one more when one leaves") {
  Gate gate(2);
  auto first = gate.enter();
  auto second = gate.enter();
  CHECK(first);
  CHECK(second);
  CHECK(gate.full());
  CHECK_FALSE(gate.enter());
  first.reset();
  CHECK_FALSE(gate.full());
  CHECK(gate.enter());
}

TEST_CASE("a gate without a limit is never full") {
  Gate gate(0);
  std::vector<std::optional<Slot>> slots;
  for (int i = 0; i < 1000; ++i) slots.push_back(gate.enter());
  CHECK_FALSE(gate.full());
}

TEST_CASE("a slot that moves on is given back once") {
  Gate gate(1);
  {
    auto slot = gate.enter();
    const Slot moved = std::move(*slot);
    slot.reset();
    CHECK(gate.full());
  }
  CHECK_FALSE(gate.full());
}

TEST_CASE("threads never get in beyond the limit") {
  Gate gate(3);
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 5000; ++round) {
        const auto slot = gate.enter();
        if (!slot) continue;
        const int now = ++inside;
        int seen = most;
        while (seen < now && !most.compare_exchange_weak(seen, now)) continue;
        --inside;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(most <= 3);
  CHECK_FALSE(gate.full());
}

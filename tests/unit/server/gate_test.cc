#include "server/gate.h"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "fake_clock.h"

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

namespace {

// Those who wait at a gate for one, on one loop, and the slots that they got.
struct Waiting {
  Loop loop;
  Gate gate{1, 3};
  std::string admitted;
  std::vector<Slot> slots;

  std::unique_ptr<Gate::Waiter> join(char name) {
    return std::make_unique<Gate::Waiter>(gate, loop, [this, name](Slot slot) {
      admitted += name;
      slots.push_back(std::move(slot));
    });
  }
  bool until_admitted(std::string_view names) {
    return poll_until(loop, [&] { return admitted == names; });
  }
};

}  // namespace

TEST_CASE_FIXTURE(Waiting, "a slot that is given back goes to the one that has waited longest") {
  slots.push_back(*gate.enter());
  const auto a = join('a');
  const auto b = join('b');
  CHECK(gate.waiting() == 2);
  loop.poll();
  CHECK(admitted.empty());
  slots.clear();
  CHECK(until_admitted("a"));
  CHECK_FALSE(gate.enter());
  slots.clear();
  CHECK(until_admitted("ab"));
  slots.clear();
  CHECK(gate.enter());
}

TEST_CASE_FIXTURE(Waiting, "one that gives up leaves its place to the next") {
  slots.push_back(*gate.enter());
  auto a = join('a');
  const auto b = join('b');
  a.reset();
  CHECK(gate.waiting() == 1);
  slots.clear();
  CHECK(until_admitted("b"));
}

TEST_CASE_FIXTURE(Waiting, "one that gives up after its slot was given hands it on") {
  slots.push_back(*gate.enter());
  auto a = join('a');
  const auto b = join('b');
  slots.clear();  // given to a, who has not heard of it yet
  a.reset();
  CHECK(until_admitted("b"));
}

TEST_CASE_FIXTURE(Waiting, "a gate is full when nobody more may wait") {
  slots.push_back(*gate.enter());
  CHECK_FALSE(gate.full());
  const auto a = join('a');
  const auto b = join('b');
  CHECK(gate.may_wait());
  const auto c = join('c');
  CHECK_FALSE(gate.may_wait());
  CHECK(gate.full());
}

TEST_CASE_FIXTURE(Waiting, "one that comes to a gate that has just become free is let in") {
  const auto a = join('a');
  CHECK(until_admitted("a"));
  CHECK_FALSE(gate.enter());
}

#include "net/loop.h"

#include <doctest/doctest.h>

#include <memory>
#include <thread>
#include <vector>

#include "fake_clock.h"

using namespace watchdog;

namespace {

struct Noisy {
  std::vector<const char*>& events;
  ~Noisy() { events.push_back("died"); }
};

}  // namespace

TEST_CASE("a retired object dies at the end of the outermost turn") {
  Loop loop;
  std::vector<const char*> events;
  {
    const Turn outer(loop);
    {
      const Turn inner(loop);
      loop.retire(std::unique_ptr<Noisy>(new Noisy{events}));
    }
    events.push_back("still in the turn");
  }
  CHECK(events == std::vector<const char*>{"still in the turn", "died"});
}

TEST_CASE("a deferred call runs once, after the turn that asked for it") {
  Loop loop;
  std::vector<const char*> events;
  Deferred deferred(loop, [&] { events.push_back("called"); });
  {
    const Turn turn(loop);
    deferred.schedule();
    deferred.schedule();
    events.push_back("asked");
  }
  CHECK(events == std::vector<const char*>{"asked", "called"});
}

TEST_CASE("retired objects die before deferred calls, which may retire more") {
  Loop loop;
  std::vector<const char*> events;
  Deferred deferred(loop, [&] {
    events.push_back("called");
    loop.retire(std::unique_ptr<Noisy>(new Noisy{events}));
  });
  {
    const Turn turn(loop);
    loop.retire(std::unique_ptr<Noisy>(new Noisy{events}));
    deferred.schedule();
  }
  CHECK(events == std::vector<const char*>{"died", "called", "died"});
}

TEST_CASE("what was retired gets no deferred call any more") {
  Loop loop;
  struct Owner {
    Owner(Loop& its_loop, int& calls) : deferred(its_loop, [&calls] { ++calls; }) {}
    Deferred deferred;
  };
  int calls = 0;
  {
    const Turn turn(loop);
    auto owner = std::make_unique<Owner>(loop, calls);
    owner->deferred.schedule();
    loop.retire(std::move(owner));
  }
  CHECK(calls == 0);
}

TEST_CASE("destroying a deferred call cancels it") {
  Loop loop;
  int calls = 0;
  {
    const Turn turn(loop);
    Deferred deferred(loop, [&] { ++calls; });
    deferred.schedule();
  }
  CHECK(calls == 0);
}

TEST_CASE("a wake from another thread reaches the loop") {
  Loop loop;
  bool woken = false;
  Wakeup wakeup(loop, [&] {
    woken = true;
    loop.stop();
  });
  std::thread other([&] { wakeup.wake(); });
  loop.run();
  other.join();
  CHECK(woken);
}

#include "modes/upstream/upstreams.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "fake_clock.h"
#include "modes/upstream/http_protocol.h"

using namespace watchdog;

namespace {

struct UpstreamsTest {
  FakeClock clock;
  Loop loop{clock};
  Config config;
  FunctionState function;
  const HttpProtocol protocol{HttpProtocol::Chunked::kPassedOn};
  std::unique_ptr<Upstreams> upstreams;
  std::vector<std::string> told;

  void begin(size_t instances) {
    for (size_t i = 0; i < instances; ++i) {
      function.add_instance().state = Instance::State::kReady;
    }
    upstreams = std::make_unique<Upstreams>(loop, config, function, protocol);
  }
  Instance& instance(size_t index) { return function.instances()[index]; }
  // The index of the chosen one; -1: none was.
  ptrdiff_t choose(const Upstream* excluded = nullptr) {
    const Upstream* const chosen = upstreams->choose(excluded);
    if (chosen == nullptr) return -1;
    ptrdiff_t index = 0;
    while (&instance(static_cast<size_t>(index)) != &chosen->instance) ++index;
    return index;
  }
  void change(Instance::State state, size_t index = 0) {
    function.set(instance(index), state);
    for (int i = 0; i < 3; ++i) loop.poll();
  }
};

// A request that waits for the function.
struct Waiting final : Upstreams::Waiter {
  Waiting(UpstreamsTest& of, std::string its_name) : test(of), name(std::move(its_name)) {
    place = test.upstreams->wait(*this);
  }
  void on_function_state() override {
    test.told.push_back(name);
    if (again) place = test.upstreams->wait(*this);
  }
  UpstreamsTest& test;
  std::string name;
  Upstreams::Place place;
  bool again = false;
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE_FIXTURE(UpstreamsTest, "the instance with the fewest requests in flight is chosen") {
  begin(3);
  instance(0).in_flight = 2;
  instance(1).in_flight = 1;
  instance(2).in_flight = 2;
  for (int i = 0; i < 4; ++i) CHECK(choose() == 1);
  instance(1).in_flight = 3;
  instance(2).in_flight = 1;
  for (int i = 0; i < 4; ++i) CHECK(choose() == 2);
}

TEST_CASE_FIXTURE(UpstreamsTest, "instances with as many requests as each other take turns") {
  begin(3);
  std::vector<int> times(3);
  for (int i = 0; i < 9; ++i) ++times[static_cast<size_t>(choose())];
  CHECK(times == std::vector<int>{3, 3, 3});
}

TEST_CASE_FIXTURE(UpstreamsTest, "an instance that hangs is chosen when there is no other") {
  begin(2);
  instance(0).most_timeouts = 1;
  instance(0).timeouts = 1;
  instance(1).in_flight = 50;
  for (int i = 0; i < 4; ++i) CHECK(choose() == 1);
  instance(1).state = Instance::State::kComing;
  CHECK(choose() == 0);
}

TEST_CASE_FIXTURE(UpstreamsTest, "an instance that is not ready is never chosen") {
  begin(3);
  instance(0).state = Instance::State::kComing;
  instance(1).state = Instance::State::kGone;
  instance(2).in_flight = 50;
  for (int i = 0; i < 4; ++i) CHECK(choose() == 2);
  instance(2).state = Instance::State::kComing;
  CHECK(choose() == -1);
}

TEST_CASE_FIXTURE(UpstreamsTest, "the excluded instance is never chosen") {
  begin(2);
  const Upstream* const excluded = upstreams->choose();
  REQUIRE(excluded != nullptr);
  for (Instance& one : function.instances()) one.in_flight = &one == &excluded->instance ? 0 : 9;
  for (int i = 0; i < 4; ++i) CHECK(upstreams->choose(excluded) != excluded);
  for (Instance& one : function.instances()) {
    if (&one != &excluded->instance) one.state = Instance::State::kComing;
  }
  CHECK(upstreams->choose(excluded) == nullptr);
  CHECK(upstreams->choose() == excluded);
}

TEST_CASE_FIXTURE(UpstreamsTest, "requests that wait are told of a change in their order") {
  begin(1);
  const Waiting first(*this, "first");
  const Waiting second(*this, "second");
  const Waiting third(*this, "third");
  CHECK(told.empty());
  change(Instance::State::kComing);
  CHECK(told == Names{"first", "second", "third"});
  CHECK_FALSE(first.place.waiting());
  change(Instance::State::kReady);
  CHECK(told.size() == 3);
}

TEST_CASE_FIXTURE(UpstreamsTest, "a request that has gone is not told") {
  begin(1);
  const Waiting first(*this, "first");
  auto second = std::make_unique<Waiting>(*this, "second");
  const Waiting third(*this, "third");
  second.reset();
  change(Instance::State::kComing);
  CHECK(told == Names{"first", "third"});
}

TEST_CASE_FIXTURE(UpstreamsTest, "a request that goes on waiting is told once of each change") {
  begin(2);
  Waiting waiting(*this, "waiting");
  waiting.again = true;
  change(Instance::State::kComing, 0);
  CHECK(told.size() == 1);
  change(Instance::State::kComing, 1);
  CHECK(told.size() == 2);
  CHECK(waiting.place.waiting());
}

TEST_CASE_FIXTURE(UpstreamsTest, "the function is asked whether it is ready where that can tell") {
  SUBCASE("not without a path") {
    begin(1);
    CHECK(upstreams->readiness_probe() == nullptr);
  }
  SUBCASE("not while no instance is ready") {
    config.ready_path = "/ready";
    begin(1);
    instance(0).state = Instance::State::kComing;
    CHECK(upstreams->readiness_probe() == nullptr);
  }
  SUBCASE("with a path and an instance that is ready") {
    config.ready_path = "/ready";
    begin(1);
    CHECK(upstreams->readiness_probe() != nullptr);
  }
}

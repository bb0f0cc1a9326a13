#include "server/health.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>

#include "fake_clock.h"
#include "net/signals.h"

using namespace watchdog;

namespace {

// A $TMPDIR of the test's own.
struct HealthTest {
  std::string folder;
  std::string lock;
  Config config;
  FunctionState function;
  Lifecycle lifecycle;

  HealthTest() {
    char name[] = "/tmp/fwatchdog-health-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    folder = name;
    lock = folder + "/.lock";
    ::setenv("TMPDIR", name, 1);
  }
  ~HealthTest() {
    ::unsetenv("TMPDIR");
    ::unlink(lock.c_str());
    ::rmdir(folder.c_str());
  }
  bool locked() const { return ::access(lock.c_str(), F_OK) == 0; }
  void advance(Health& health, Stage stage) {
    lifecycle.advance(stage);
    health.update();
  }
};

}  // namespace

TEST_CASE_FIXTURE(HealthTest, "we are healthy, and the lock file is there, while we serve") {
  Health health(config, function, lifecycle);
  health.update();
  CHECK_FALSE(health.healthy());
  CHECK_FALSE(locked());
  advance(health, Stage::kServing);
  CHECK(health.healthy());
  CHECK(locked());
  advance(health, Stage::kDraining);
  CHECK_FALSE(health.healthy());
  CHECK_FALSE(locked());
}

TEST_CASE_FIXTURE(HealthTest, "we are unhealthy when somebody else removes the lock file") {
  Health health(config, function, lifecycle);
  advance(health, Stage::kServing);
  ::unlink(lock.c_str());
  CHECK_FALSE(health.healthy());
}

TEST_CASE_FIXTURE(HealthTest, "the lock file comes and goes with a function that is kept warm") {
  Instance& instance = function.add_instance();
  Health health(config, function, lifecycle);
  advance(health, Stage::kServing);
  CHECK_FALSE(health.healthy());
  CHECK_FALSE(locked());
  function.set(instance, Instance::State::kReady);
  health.update();
  CHECK(health.healthy());
  CHECK(locked());
  function.set(instance, Instance::State::kComing);
  CHECK_FALSE(health.healthy());
  health.update();
  CHECK_FALSE(locked());
}

TEST_CASE_FIXTURE(HealthTest, "suppress_lock leaves the folder alone") {
  config.suppress_lock = true;
  Health health(config, function, lifecycle);
  advance(health, Stage::kServing);
  CHECK(health.healthy());
  CHECK_FALSE(locked());
}

TEST_CASE_FIXTURE(HealthTest,
                  "a lock file that cannot be written is a warning, and health is told") {
  REQUIRE(::symlink("/nowhere", lock.c_str()) == 0);
  Health health(config, function, lifecycle);
  advance(health, Stage::kServing);
  CHECK(health.healthy());
}

TEST_CASE_FIXTURE(HealthTest, "the lock file goes with the process") {
  {
    Health health(config, function, lifecycle);
    advance(health, Stage::kServing);
    CHECK(locked());
  }
  CHECK_FALSE(locked());
}

TEST_CASE("the lifecycle only goes forward") {
  Lifecycle lifecycle;
  CHECK(lifecycle.stage() == Stage::kStarting);
  CHECK(lifecycle.advance(Stage::kServing));
  CHECK(lifecycle.advance(Stage::kStopping));
  CHECK_FALSE(lifecycle.advance(Stage::kStopping));
  CHECK_FALSE(lifecycle.advance(Stage::kClosing));
  CHECK(lifecycle.stage() == Stage::kStopping);
}

TEST_CASE("the end has begun with a signal that nobody has read yet") {
  Lifecycle lifecycle;
  lifecycle.advance(Stage::kServing);
  CHECK_FALSE(lifecycle.ending());
  Loop loop;
  std::unique_ptr<Signals> signals;
  bool told = false;
  {
    const Turn turn(loop);
    auto watched = Signals::watch(loop, {SIGTERM}, [&](int) { told = true; });
    REQUIRE(watched);
    signals = std::move(*watched);
  }
  std::raise(SIGTERM);
  CHECK(lifecycle.ending());
  CHECK(poll_until(loop, [&] { return told; }));
  CHECK_FALSE(lifecycle.ending());
  lifecycle.advance(Stage::kDraining);
  CHECK(lifecycle.ending());
  const Turn turn(loop);
  signals.reset();
}

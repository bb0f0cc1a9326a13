#include "net/name_lookup.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <iterator>
#include <memory>

#include "fake_clock.h"

using namespace watchdog;

TEST_CASE("a host is looked up without blocking the loop") {
  Loop loop;
  std::optional<NameLookup::Addresses> found;
  NameLookup lookup(loop, "localhost", 80,
                    [&](NameLookup::Addresses addresses) { found = std::move(addresses); });
  CHECK_FALSE(found);
  REQUIRE(poll_until(loop, [&] { return found.has_value(); }));
  REQUIRE(*found);
  CHECK((**found).front().is_loopback());
}

TEST_CASE("an address is found without a thread") {
  const auto threads = [] {
    const std::filesystem::directory_iterator tasks("/proc/self/task");
    return std::distance(begin(tasks), end(tasks));
  };
  const auto before = threads();
  for (const char* address : {"127.0.0.1", "::1", "localhost"}) {
    Loop loop;
    std::optional<NameLookup::Addresses> found;
    NameLookup lookup(loop, address, 80,
                      [&](NameLookup::Addresses addresses) { found = std::move(addresses); });
    CHECK(threads() == before);
    CHECK_FALSE(found);
    REQUIRE(poll_until(loop, [&] { return found.has_value(); }));
    REQUIRE(*found);
    CHECK((**found).front().is_loopback());
  }
}

TEST_CASE("a host that does not exist is an error that names it") {
  Loop loop;
  std::optional<NameLookup::Addresses> found;
  NameLookup lookup(loop, "no such host", 80,
                    [&](NameLookup::Addresses addresses) { found = std::move(addresses); });
  REQUIRE(poll_until(loop, [&] { return found.has_value(); }));
  CHECK(found->error().find("no such host") == 0);
}

TEST_CASE("nobody hears of a look-up that was given up") {
  Loop loop;
  bool heard = false;
  for (int i = 0; i < 20; ++i) {
    const NameLookup lookup(loop, "localhost", 80,
                            [&](const NameLookup::Addresses&) { heard = true; });
  }
  for (int i = 0; i < 20; ++i) loop.poll();
  CHECK_FALSE(heard);
}

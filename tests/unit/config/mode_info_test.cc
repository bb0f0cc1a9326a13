#include "config/mode_info.h"

#include <doctest/doctest.h>

#include <set>

namespace watchdog {

TEST_CASE("a mode is found by its name, which no other has") {
  std::set<std::string_view> names;
  for (const ModeInfo& mode : all_modes()) {
    CAPTURE(mode.name);
    CHECK(names.insert(mode.name).second);
    REQUIRE(find_mode(mode.name) != nullptr);
    CHECK(find_mode(mode.name)->name == mode.name);
    CHECK((mode.make != nullptr));
    CHECK_FALSE(mode.meaning.empty());
  }
  CHECK(find_mode("") == nullptr);
  CHECK(find_mode("Streaming") == nullptr);
  CHECK(find_mode("stream") == nullptr);
}

TEST_CASE("a set of modes is those of some nature and one by its name, or all") {
  CHECK(names_of({kKeepsWarm}) == "http, fastcgi");
  CHECK(names_of({kForks | kKeepsWarm}) == "not static");
  CHECK(names_of({.name = "classic"}) == "classic");
  CHECK(names_of({kServesSite, "cgi"}) == "static, cgi");
  const ModeSet all;
  for (const ModeInfo& mode : all_modes()) CHECK(all.contains(mode));
  CHECK_FALSE(ModeSet{.name = "classic"}.contains(ModeInfo{}));
}

TEST_CASE("a mode speaks the protocol of a server exactly where it keeps one") {
  for (const ModeInfo& mode : all_modes()) {
    CAPTURE(mode.name);
    CHECK(mode.is(kKeepsWarm) == mode.is(kSpeaksHttp | kSpeaksFastcgi));
    CHECK_FALSE((mode.is(kForks) && mode.is(kKeepsWarm)));
  }
}

}  // namespace watchdog

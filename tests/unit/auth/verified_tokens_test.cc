#include "auth/verified_tokens.h"

#include <doctest/doctest.h>

#include <string>

namespace watchdog {

namespace {

constexpr int64_t kNow = 1'000;
constexpr int64_t kExpires = 2'000;
constexpr uint64_t kGeneration = 1;

VerifiedToken of(const char* subject) {
  return {subject, kExpires};
}

VerifiedTokens room_for(size_t entries, size_t bytes = 1'000'000) {
  return {entries, bytes, 42};
}

}  // namespace

TEST_CASE("a remembered token is found again with what it said, and no other token is") {
  VerifiedTokens tokens = room_for(10);
  CHECK(tokens.find("a.b.c", kGeneration, kNow) == nullptr);
  tokens.remember("a.b.c", of("somebody"), kGeneration);
  const VerifiedToken* const found = tokens.find("a.b.c", kGeneration, kNow);
  REQUIRE(found != nullptr);
  CHECK(found->subject == "somebody");
  CHECK(found->expires == kExpires);
  for (const char* other : {"", "a.b.d", "a.b.c ", "a.b", "A.b.c"}) {
    CAPTURE(other);
    CHECK(tokens.find(other, kGeneration, kNow) == nullptr);
  }
}

TEST_CASE("a token is remembered until it expires, with the leeway that it was verified with") {
  VerifiedTokens tokens = room_for(10);
  tokens.remember("a.b.c", of(""), kGeneration);
  CHECK(tokens.find("a.b.c", kGeneration, kExpires) != nullptr);
  CHECK(tokens.find("a.b.c", kGeneration, kExpires + kTokenLeeway) == nullptr);
  CHECK(tokens.size() == 0);
  CHECK(tokens.bytes() == 0);
  CHECK(tokens.find("a.b.c", kGeneration, kNow) == nullptr);
}

TEST_CASE("everything is forgotten when the key set has changed, and when it changes back") {
  VerifiedTokens tokens = room_for(10);
  tokens.remember("a.b.c", of(""), kGeneration);
  tokens.remember("d.e.f", of(""), kGeneration);
  CHECK(tokens.find("a.b.c", kGeneration + 1, kNow) == nullptr);
  CHECK(tokens.size() == 0);
  CHECK(tokens.bytes() == 0);
  CHECK(tokens.find("d.e.f", kGeneration, kNow) == nullptr);
}

TEST_CASE("what an older key set verified is not kept beside what a newer one did") {
  VerifiedTokens tokens = room_for(10);
  tokens.remember("a.b.c", of(""), kGeneration);
  tokens.remember("d.e.f", of(""), kGeneration + 1);
  CHECK(tokens.find("a.b.c", kGeneration + 1, kNow) == nullptr);
  CHECK(tokens.find("d.e.f", kGeneration + 1, kNow) != nullptr);
}

TEST_CASE("the oldest token is forgotten first where there are too many") {
  VerifiedTokens tokens = room_for(3);
  for (const char* token : {"1", "2", "3", "4"}) tokens.remember(token, of(""), kGeneration);
  CHECK(tokens.size() == 3);
  CHECK(tokens.find("1", kGeneration, kNow) == nullptr);
  for (const char* token : {"2", "3", "4"}) {
    CHECK(tokens.find(token, kGeneration, kNow) != nullptr);
  }
}

TEST_CASE("the oldest tokens are forgotten where they are too large together") {
  const std::string large(1'000, 'x');
  VerifiedTokens tokens = room_for(100, 5'000);
  for (const char* token : {"1", "2", "3", "4", "5", "6"}) {
    tokens.remember(large + token, of(""), kGeneration);
    CHECK(tokens.bytes() <= 5'000);
  }
  CHECK(tokens.size() == 3);
  CHECK(tokens.find(large + "3", kGeneration, kNow) == nullptr);
  CHECK(tokens.find(large + "4", kGeneration, kNow) != nullptr);
  // One that is larger than three of them.
  tokens.remember(std::string(4'500, 'y'), of(""), kGeneration);
  CHECK(tokens.size() == 1);
}

TEST_CASE("a token that is too large alone is not remembered, and costs no other its place") {
  VerifiedTokens tokens = room_for(10, 2'000);
  tokens.remember("a.b.c", of(""), kGeneration);
  tokens.remember(std::string(2'000, 'x'), of(""), kGeneration);
  CHECK(tokens.size() == 1);
  CHECK(tokens.find("a.b.c", kGeneration, kNow) != nullptr);
  VerifiedTokens none = room_for(0);
  none.remember("a.b.c", of(""), kGeneration);
  CHECK(none.find("a.b.c", kGeneration, kNow) == nullptr);
}

TEST_CASE("a token that is remembered again takes its own place") {
  VerifiedTokens tokens = room_for(10);
  tokens.remember("a.b.c", of("once"), kGeneration);
  const size_t bytes = tokens.bytes();
  tokens.remember("a.b.c", of("more"), kGeneration);
  CHECK(tokens.size() == 1);
  CHECK(tokens.bytes() == bytes);
  CHECK(tokens.find("a.b.c", kGeneration, kNow)->subject == "more");
}

}  // namespace watchdog

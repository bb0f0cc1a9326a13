#include "auth/name_pattern.h"

#include <doctest/doctest.h>

#include <string>

namespace watchdog {

TEST_CASE("a pattern without a star is the name itself") {
  CHECK(matches_pattern("ns:env", "ns:env"));
  CHECK_FALSE(matches_pattern("ns:env", "ns:env2"));
  CHECK_FALSE(matches_pattern("ns:env", "my-ns:env"));
  CHECK_FALSE(matches_pattern("env", "ns:env"));
  CHECK_FALSE(matches_pattern("s:e", "ns:env"));
  CHECK_FALSE(matches_pattern("ns:Env", "ns:env"));
  CHECK_FALSE(matches_pattern("", "ns:env"));
}

TEST_CASE("a star is any run of characters, also none") {
  for (const char* pattern : {"*", "**", "ns:*", "*:env", "ns:en*", "ns:env*", "*ns:env", "n*:*v",
                              "*n*s*:*e*n*v*", "ns*env", "***:***"}) {
    CAPTURE(pattern);
    CHECK(matches_pattern(pattern, "ns:env"));
  }
  for (const char* pattern : {"ns2:*", "*:en", "s:*", "*:nv", "ns:env*2", "*x*", "ns:e*e*v",
                              "*ns:env*ns:env*", "ns:env*env", "*:*:*"}) {
    CAPTURE(pattern);
    CHECK_FALSE(matches_pattern(pattern, "ns:env"));
  }
}

TEST_CASE("what stands before and behind a star does not overlap") {
  CHECK(matches_pattern("ab*ba", "abba"));
  CHECK_FALSE(matches_pattern("ab*ba", "aba"));
  CHECK(matches_pattern("*aab*aab", "aaabaab"));
  CHECK(matches_pattern("a*ab", "aaab"));
}

TEST_CASE("characters that mean something to regular expressions stand for themselves") {
  for (const char* pattern : {"ns:.*", "ns:...", "ns:e?v", "ns:(env)", "ns:env|ns:x", "^ns:env$",
                              "ns:[e]nv", "ns:en\\v", "ns:env+", "ns:.nv", "ns:e{1}nv"}) {
    CAPTURE(pattern);
    CHECK_FALSE(matches_pattern(pattern, "ns:env"));
  }
  CHECK(matches_pattern("ns:.*", "ns:.x"));
  CHECK(matches_pattern("a+(b)?[c]{2}|^$\\d.*", "a+(b)?[c]{2}|^$\\d.x"));
}

TEST_CASE("a pattern made to be tried again and again is not") {
  std::string pattern;
  for (int i = 0; i < 4000; ++i) pattern += "*a";
  CHECK_FALSE(matches_pattern(pattern + "*b", std::string(127, 'a')));
  CHECK(matches_pattern(pattern, std::string(4000, 'a')));
}

}  // namespace watchdog

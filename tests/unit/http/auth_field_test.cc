#include "http/auth_field.h"

#include <doctest/doctest.h>

namespace watchdog {

TEST_CASE("no client can set a field of ours, in any spelling that CGI takes for it") {
  for (const char* name :
       {"X-Auth-Subject", "x-auth-subject", "X_AUTH_SUBJECT", "x-auth_seconds"}) {
    CHECK(is_auth_field(name));
  }
  for (const char* name : {"X-Auth-Subjects", "Auth-Subject", "X-Auth-User", ""}) {
    CHECK_FALSE(is_auth_field(name));
  }
}

}  // namespace watchdog

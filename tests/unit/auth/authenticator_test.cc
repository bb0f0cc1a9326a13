#include "auth/authenticator.h"

#include <doctest/doctest.h>

#include <string>

#include "auth/test_issuer.h"
#include "fake_clock.h"
#include "temporary_folder.h"

namespace watchdog {

namespace {

constexpr int64_t kStartTime = 1'700'000'000;

// Callers need a token whose keys are in a file.
struct AuthenticatorTest {
  TemporaryFolder folder;
  FakeClock clock;
  Loop loop{clock};
  std::unique_ptr<AccessControl> control;
  std::unique_ptr<Authenticator> authenticator;
  int64_t now = kStartTime;

  AuthenticatorTest() {
    folder.write("keys.json", test_issuer::jwk_set(test_issuer::rsa_jwk("one")));
    AccessPolicy policy;
    policy.tokens.emplace();
    policy.tokens->place.file = folder.path("keys.json");
    policy.tokens->place.issuer = "issuer";
    policy.tokens->audience = "me";
    start(std::move(policy));
  }
  void start(AccessPolicy policy) {
    const Turn turn(loop);
    authenticator.reset();
    control = std::make_unique<AccessControl>(loop, std::move(policy));
    authenticator = std::make_unique<Authenticator>(*control, [this] { return now; });
  }
  void pass(Duration time) {
    clock.advance(time);
    loop.poll();
  }

  std::variant<Authenticator::Admitted, Denial> check(const std::string& token) {
    const std::string value = "Bearer " + token;
    RequestHead request{.method = "GET", .target = "/"};
    if (!token.empty()) request.fields.add("authorization", value);
    return authenticator->check(request);
  }
  std::string_view reason(const std::string& token) {
    const auto checked = check(token);
    const auto* const denied = std::get_if<Denial>(&checked);
    return denied != nullptr ? denied->word : "";
  }
};

std::string token(int64_t expires = kStartTime + 600) {
  return test_issuer::rs256(
      R"({"alg":"RS256","kid":"one"})",
      R"({"iss":"issuer","aud":"me","sub":"alice","exp":)" + std::to_string(expires) + "}");
}

}  // namespace

TEST_CASE_FIXTURE(AuthenticatorTest, "a good token names its subject, fresh and remembered") {
  for (int i = 0; i < 2; ++i) {
    const auto checked = check(token());
    REQUIRE(std::holds_alternative<Authenticator::Admitted>(checked));
    CHECK(std::get<Authenticator::Admitted>(checked).subject == "alice");
  }
}

TEST_CASE_FIXTURE(AuthenticatorTest, "a token that was remembered expires all the same") {
  const std::string short_lived = token(kStartTime + 10);
  CHECK(reason(short_lived).empty());
  now = kStartTime + 12;
  CHECK(reason(short_lived) == "expired");
}

TEST_CASE_FIXTURE(AuthenticatorTest, "a token is forgotten when its key goes") {
  CHECK(reason(token()).empty());
  folder.write("keys.json", test_issuer::jwk_set(test_issuer::ec_jwk("two")));
  pass(std::chrono::seconds(1));
  CHECK(reason(token()) == "unknown_key");
}

TEST_CASE_FIXTURE(AuthenticatorTest, "keys that cannot be read leave the old ones in force") {
  folder.write("keys.json", "{");
  pass(std::chrono::seconds(1));
  CHECK(reason(token()).empty());
}

TEST_CASE_FIXTURE(AuthenticatorTest, "until there are keys nobody is let in, and it is not ready") {
  AccessPolicy policy = control->policy();
  policy.tokens->place.file = folder.path("later.json");
  start(policy);
  CHECK_FALSE(authenticator->ready());
  CHECK(reason(token()) == "no_keys");
  folder.write("later.json", test_issuer::jwk_set(test_issuer::rsa_jwk("one")));
  pass(std::chrono::seconds(1));
  CHECK(authenticator->ready());
  CHECK(reason(token()).empty());
}

TEST_CASE_FIXTURE(AuthenticatorTest, "where both are asked for, a token alone is not enough") {
  folder.write("secret", "s\n");
  AccessPolicy policy = control->policy();
  policy.webhook = {*WebhookScheme::parse("github"), folder.path("secret")};
  start(policy);
  CHECK(reason("") == "missing");
  CHECK(reason(token()) == "no_signature");
}

}  // namespace watchdog

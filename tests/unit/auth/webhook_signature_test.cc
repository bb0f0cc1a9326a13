#include "auth/webhook_signature.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace watchdog {

namespace {

using Begun = std::variant<WebhookSignature, SignatureProblem>;

constexpr int64_t kSignedAt = 1'700'000'000;
// The example of GitHub's documentation.
constexpr std::string_view kSecret = "It's a Secret to Everybody";
constexpr std::string_view kBody = "Hello, World!";
constexpr std::string_view kSigned =
    "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

Begun begin(std::string_view scheme, const Fields& fields,
            const WebhookSecrets& secrets = {std::string(kSecret)}, int64_t now = kSignedAt) {
  return WebhookSignature::begin(*WebhookScheme::parse(scheme), secrets, fields, now);
}

bool fits(Begun begun, std::string_view body) {
  auto* const signature = std::get_if<WebhookSignature>(&begun);
  if (signature == nullptr) return false;
  signature->update(body);
  return signature->fits();
}

SignatureProblem problem(const Begun& begun) {
  REQUIRE(std::holds_alternative<SignatureProblem>(begun));
  return std::get<SignatureProblem>(begun);
}

Fields github(std::string_view value) {
  Fields fields;
  fields.add("x-hub-signature-256", value);
  return fields;
}

}  // namespace

TEST_CASE("a body that was signed fits, however it is cut into pieces") {
  for (size_t cut = 0; cut <= kBody.size(); ++cut) {
    auto begun = begin("github", github(kSigned));
    auto& signature = std::get<WebhookSignature>(begun);
    signature.update(kBody.substr(0, cut));
    signature.update(kBody.substr(cut));
    CHECK(signature.fits());
  }
}

TEST_CASE("a body that differs in any byte, or in length, does not fit") {
  for (size_t i = 0; i < kBody.size(); ++i) {
    std::string body(kBody);
    body[i] = static_cast<char>(body[i] ^ 1);
    CHECK_FALSE(fits(begin("github", github(kSigned)), body));
  }
  CHECK_FALSE(fits(begin("github", github(kSigned)), kBody.substr(1)));
  CHECK_FALSE(fits(begin("github", github(kSigned)), ""));
}

TEST_CASE("a signature that differs in any digit does not fit") {
  for (size_t i = std::string_view("sha256=").size(); i < kSigned.size(); ++i) {
    std::string value(kSigned);
    value[i] = value[i] == '0' ? '1' : '0';
    CHECK_FALSE(fits(begin("github", github(value)), kBody));
  }
}

TEST_CASE("any of several secrets may fit") {
  const WebhookSecrets secrets{"old", std::string(kSecret), "new"};
  CHECK(fits(begin("github", github(kSigned), secrets), kBody));
  CHECK_FALSE(fits(begin("github", github(kSigned), {"old", "new"}), kBody));
}

TEST_CASE("a request without the field, or with two, is refused before its body") {
  CHECK(problem(begin("github", {})) == SignatureProblem::kMissing);
  Fields twice = github(kSigned);
  twice.add("X-Hub-Signature-256", kSigned);
  CHECK(problem(begin("github", twice)) == SignatureProblem::kMalformed);
}

TEST_CASE("only a whole digest behind its prefix is a signature") {
  const std::string digits(kSigned.substr(7));
  for (const std::string& value :
       {std::string(), digits, "sha1=" + digits, "SHA256=" + digits, "sha256=" + digits.substr(2),
        "sha256=" + digits + "00", "sha256=" + digits.substr(1) + "g", "sha256=" + digits + " ",
        "sha256= " + digits}) {
    CAPTURE(value);
    CHECK(problem(begin("github", github(value))) == SignatureProblem::kMalformed);
  }
}

TEST_CASE("Slack signs its version, the time and the body") {
  // The example of Slack's documentation.
  constexpr std::string_view kSlackBody =
      "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id="
      "G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-"
      "collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%"
      "2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121."
      "803a0bc887a14d10d2c447fce8b6703c";
  const WebhookSecrets secrets{"8f742231b10e8888abcd99yyyzzz85a5"};
  Fields fields;
  fields.add("X-Slack-Signature",
             "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503");
  CHECK(problem(begin("slack", fields, secrets)) == SignatureProblem::kMalformed);
  fields.add("X-Slack-Request-Timestamp", "1531420618");
  for (const int64_t age : {-300, 0, 300}) {
    CHECK(fits(begin("slack", fields, secrets, 1531420618 + age), kSlackBody));
  }
  for (const int64_t age : {-301, 301, 100'000'000}) {
    CHECK(problem(begin("slack", fields, secrets, 1531420618 + age)) == SignatureProblem::kTime);
  }
}

TEST_CASE("Stripe's field has one time and at least one signature") {
  const std::string zeros(64, '0');
  const auto of = [](const std::string& value) {
    Fields fields;
    fields.add("Stripe-Signature", value);
    return begin("stripe", fields);
  };
  const std::string time = "t=1700000000";
  CHECK(std::holds_alternative<WebhookSignature>(of(time + ",v1=" + zeros)));
  CHECK(std::holds_alternative<WebhookSignature>(of("v1=" + zeros + ", " + time + ",v0=x,new=1")));
  for (const std::string& value : {time, "v1=" + zeros, time + ",v1=", time + ",v1=" + zeros + "0",
                                   time + "," + time + ",v1=" + zeros, "t=,v1=" + zeros,
                                   "t=-1,v1=" + zeros, "t=x,v1=" + zeros, time + ",v0=" + zeros}) {
    CAPTURE(value);
    CHECK(problem(of(value)) == SignatureProblem::kMalformed);
  }
  std::string many = time;
  for (size_t i = 0; i <= WebhookSignature::kMostSignatures; ++i) many += ",v1=" + zeros;
  CHECK(problem(of(many)) == SignatureProblem::kMalformed);
}

TEST_CASE("a way to sign can be spelled out") {
  const auto scheme = WebhookScheme::parse("X-Shop-Hmac:SHA512:base64:v=1:");
  REQUIRE(scheme);
  CHECK(scheme->header == "X-Shop-Hmac");
  CHECK(scheme->algorithm == WebhookScheme::Algorithm::kSha512);
  CHECK(scheme->encoding == WebhookScheme::Encoding::kBase64);
  CHECK(scheme->prefix == "v=1:");
  CHECK(WebhookScheme::parse("X-A:sha1:hex:")->prefix.empty());
  for (const std::string_view text : {"", "gitlab", "X-A", "X-A:sha256", ":sha256:hex:",
                                      "X A:sha256:hex:", "X-A:md5:hex:", "X-A:sha256:octal:"}) {
    CAPTURE(text);
    CHECK_FALSE(WebhookScheme::parse(text));
  }
}

TEST_CASE("secrets are the lines of their file") {
  CHECK(*parse_webhook_secrets("a\n") == WebhookSecrets{"a"});
  CHECK(*parse_webhook_secrets("  a b \r\n\n#c\nd") == WebhookSecrets{"a b", "#c", "d"});
  CHECK_FALSE(parse_webhook_secrets(""));
  CHECK_FALSE(parse_webhook_secrets(" \n\r\n"));
  CHECK_FALSE(parse_webhook_secrets("1\n2\n3\n4\n5\n6\n7\n8\n9\n"));
}

}  // namespace watchdog

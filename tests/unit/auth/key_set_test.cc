#include "auth/key_set.h"

#include <doctest/doctest.h>

#include <string>

#include "contains.h"
#include "tests/unit/auth/foreign_tokens.h"
#include "tests/unit/auth/test_issuer.h"

namespace watchdog {

namespace {

using test_issuer::ec_jwk;
using test_issuer::jwk_set;
using test_issuer::rsa_jwk;

// Whether this JWK is taken, beside one that is.
bool is_taken(const std::string& jwk) {
  const auto keys = KeySet::parse(jwk_set(ec_jwk("beside") + "," + jwk));
  REQUIRE(keys);
  CHECK(keys->size() + keys->skipped() == 2);
  return keys->size() == 2;
}

std::string error_of(const std::string& json) {
  const auto keys = KeySet::parse(json);
  REQUIRE_FALSE(keys);
  return keys.error();
}

// A JWK of the RFC's RSA key, with a member in another way; of its EC key.
std::string rsa_with(std::string_view e, std::string_view n = test_issuer::kModulus) {
  return R"({"kty":"RSA","kid":"a","e":")" + std::string(e) + R"(","n":")" + std::string(n) + "\"}";
}
std::string ec_with(std::string_view curve, std::string_view x, std::string_view y) {
  return R"({"kty":"EC","kid":"a","crv":")" + std::string(curve) + R"(","x":")" + std::string(x) +
         R"(","y":")" + std::string(y) + "\"}";
}

}  // namespace

TEST_CASE("RSA and EC keys are found by their kid and algorithm") {
  const auto keys = KeySet::parse(jwk_set(rsa_jwk("r") + "," + ec_jwk("e")));
  REQUIRE(keys);
  CHECK(keys->size() == 2);
  CHECK(keys->skipped() == 0);
  REQUIRE(keys->find("r", Algorithm::kRs256) != nullptr);
  CHECK(keys->find("r", Algorithm::kRs256)->algorithm() == Algorithm::kRs256);
  REQUIRE(keys->find("e", Algorithm::kEs256) != nullptr);
  CHECK(keys->find("e", Algorithm::kEs256)->algorithm() == Algorithm::kEs256);
  CHECK(keys->find("r", Algorithm::kEs256) == nullptr);
  CHECK(keys->find("e", Algorithm::kRs256) == nullptr);
  CHECK(keys->has("r"));
  CHECK_FALSE(keys->has("R"));
  CHECK_FALSE(keys->has(""));
}

TEST_CASE("two keys of different types may have the same kid") {
  const auto keys = KeySet::parse(jwk_set(rsa_jwk("a") + "," + ec_jwk("a")));
  REQUIRE(keys);
  CHECK(keys->find("a", Algorithm::kRs256)->algorithm() == Algorithm::kRs256);
  CHECK(keys->find("a", Algorithm::kEs256)->algorithm() == Algorithm::kEs256);
}

TEST_CASE("of two keys with the same kid and algorithm the first one counts") {
  const auto keys = KeySet::parse(jwk_set(ec_jwk("a") + "," + ec_jwk("a")));
  REQUIRE(keys);
  CHECK(keys->size() == 1);
  CHECK(keys->skipped() == 1);
}

TEST_CASE("keys of python3-cryptography are taken, but a small RSA key and another curve") {
  const auto keys = KeySet::parse(foreign::kKeys);
  REQUIRE(keys);
  CHECK(keys->size() == 3);
  CHECK(keys->skipped() == 2);
  CHECK(keys->find("rsa-2048", Algorithm::kRs256) != nullptr);
  CHECK(keys->find("rsa-4096", Algorithm::kRs256) != nullptr);
  CHECK(keys->find("ec-256", Algorithm::kEs256) != nullptr);
}

TEST_CASE("members that say nothing against it, and unknown ones, do not matter") {
  for (const char* more : {R"(,"use":"sig")", R"(,"alg":"RS256")", R"(,"key_ops":["verify"])",
                           R"(,"key_ops":["sign","verify"])", R"(,"x5c":["MII"],"x5t":"a")",
                           R"(,"foo":{"bar":[1]},"use":"sig","alg":"RS256")"}) {
    CAPTURE(more);
    CHECK(is_taken(rsa_jwk("a", more)));
  }
}

TEST_CASE("a key for something else is skipped") {
  for (const char* more :
       {R"(,"use":"enc")", R"(,"use":"")", R"(,"use":null)", R"(,"use":["sig"])",
        R"(,"alg":"ES256")", R"(,"alg":"RS384")", R"(,"alg":"PS256")", R"(,"alg":"RSA-OAEP")",
        R"(,"alg":"HS256")", R"(,"alg":"none")", R"(,"alg":1)", R"(,"key_ops":["sign"])",
        R"(,"key_ops":[])", R"(,"key_ops":"verify")"}) {
    CAPTURE(more);
    CHECK_FALSE(is_taken(rsa_jwk("a", more)));
  }
  CHECK_FALSE(is_taken(ec_jwk("a", R"(,"alg":"RS256")")));
  CHECK(is_taken(ec_jwk("a", R"(,"alg":"ES256","use":"sig")")));
}

TEST_CASE("a key without a kid is skipped") {
  CHECK_FALSE(is_taken(rsa_jwk("")));
  const std::string numbers = R"(,"e":"AQAB","n":")" + std::string(test_issuer::kModulus) + "\"}";
  CHECK_FALSE(is_taken(R"({"kty":"RSA")" + numbers));
  CHECK_FALSE(is_taken(R"({"kty":"RSA","kid":1)" + numbers));
  CHECK(is_taken(R"({"kty":"RSA","kid":"1")" + numbers));
}

TEST_CASE("keys of other types are skipped one by one") {
  for (
      const char* jwk :
      {R"({"kty":"oct","kid":"a","alg":"HS256","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ"})",
       R"({"kty":"OKP","kid":"a","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})",
       R"({"kty":"rsa","kid":"a"})", R"({"kty":"AKP","kid":"a","alg":"ML-DSA-44"})",
       R"({"kid":"a"})", R"({"kty":["RSA"],"kid":"a"})", "{}", "[]", "null", "1", R"("RSA")"}) {
    CAPTURE(jwk);
    CHECK_FALSE(is_taken(jwk));
  }
}

TEST_CASE("malformed RSA keys are skipped") {
  CHECK(is_taken(rsa_with("AQAB")));
  CHECK(is_taken(rsa_with("Aw")));
  CHECK_FALSE(is_taken(rsa_with("AQ")));
  CHECK_FALSE(is_taken(rsa_with("")));
  CHECK_FALSE(is_taken(rsa_with("AQAB=")));
  CHECK_FALSE(is_taken(rsa_with("AQAA")));
  CHECK_FALSE(is_taken(rsa_with("AQAB", "")));
  CHECK_FALSE(is_taken(rsa_with("AQAB", test_issuer::kModulus.substr(0, 340))));
  CHECK_FALSE(is_taken(rsa_with("AQAB", std::string(test_issuer::kModulus) + "==")));
  CHECK_FALSE(is_taken(R"({"kty":"RSA","kid":"a","e":"AQAB"})"));
  CHECK_FALSE(is_taken(R"({"kty":"RSA","kid":"a","e":65537,"n":1})"));
}

TEST_CASE("malformed EC keys, and those of other curves, are skipped") {
  const auto x = test_issuer::kX;
  const auto y = test_issuer::kY;
  CHECK(is_taken(ec_with("P-256", x, y)));
  for (const char* curve : {"P-384", "P-521", "secp256k1", "p-256", "Ed25519", ""}) {
    CAPTURE(curve);
    CHECK_FALSE(is_taken(ec_with(curve, x, y)));
  }
  CHECK_FALSE(is_taken(ec_with("P-256", y, x)));
  CHECK_FALSE(is_taken(ec_with("P-256", x, x)));
  CHECK_FALSE(is_taken(ec_with("P-256", x, "")));
  CHECK_FALSE(is_taken(ec_with("P-256", std::string(x) + "=", y)));
  CHECK_FALSE(is_taken(R"({"kty":"EC","kid":"a","crv":"P-256","x":")" + std::string(x) + "\"}"));
}

TEST_CASE("a set without a key that can be used is an error that says what a key needs") {
  CHECK(contains(error_of(R"({"keys":[]})"), "none of the 0 keys"));
  const std::string error = error_of(jwk_set(rsa_jwk("") + R"(,{"kty":"oct","kid":"a","k":"AA"})"));
  CHECK(contains(error, "none of the 2 keys"));
  CHECK(contains(error, "RS256"));
}

TEST_CASE("what is no JWK Set is an error") {
  CHECK(error_of("") == "the key set is not JSON");
  CHECK(error_of("<html>") == "the key set is not JSON");
  CHECK(error_of("[]") == "the key set is not a JSON object");
  for (const char* json : {"{}", R"({"keys":{}})", R"({"keys":null})", R"({"Keys":[]})"}) {
    CAPTURE(json);
    CHECK(contains(error_of(json), "is it a JWK Set?"));
  }
  // A single key.
  CHECK(contains(error_of(rsa_jwk("a")), "is it a JWK Set?"));
}

TEST_CASE("a member that stands twice spoils the set") {
  CHECK(error_of(R"({"keys":[],"keys":[]})") == "the key set has a member twice");
  CHECK(error_of(jwk_set(rsa_jwk("a", R"(,"kid":"b")"))) == "the key set has a member twice");
}

TEST_CASE("a key set has a bounded number of keys") {
  std::string keys = rsa_jwk("a");
  for (size_t i = 1; i < KeySet::kMostKeys; ++i) keys += ",{}";
  const auto parsed = KeySet::parse(jwk_set(keys));
  REQUIRE(parsed);
  CHECK(parsed->skipped() == KeySet::kMostKeys - 1);
  CHECK(error_of(jwk_set(keys + ",{}")) == "the key set has more than 100 keys");
}

TEST_CASE("a key set has a bounded size") {
  const std::string set = jwk_set(rsa_jwk("a"));
  CHECK(KeySet::parse(set + std::string(KeySet::kMostBytes - set.size(), ' ')));
  CHECK(error_of(set + std::string(KeySet::kMostBytes + 1 - set.size(), ' ')) ==
        "the key set is larger than 1000000 bytes");
}

}  // namespace watchdog

#include "auth/public_key.h"

#include <doctest/doctest.h>

#include <string>

#include "auth/base64url.h"
#include "tests/unit/auth/test_issuer.h"

namespace watchdog {

namespace {

using namespace std::string_literals;

// The two first segments of RFC 7515 A.2 and A.3, and the signatures there.
constexpr std::string_view kRsText =
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLm"
    "NvbS9pc19yb290Ijp0cnVlfQ";
constexpr std::string_view kRsSignature =
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5"
    "jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb"
    "1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QO"
    "YEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
constexpr std::string_view kEsText =
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLm"
    "NvbS9pc19yb290Ijp0cnVlfQ";
constexpr std::string_view kEsSignature =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

// The order of P-256, and its field's prime.
constexpr std::string_view kOrder = "_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE";
constexpr std::string_view kPrime = "_____wAAAAEAAAAAAAAAAAAAAAD_______________8";

std::string bytes_from(std::string_view base64url) {
  const auto bytes = decode_base64url(base64url);
  REQUIRE(bytes);
  return *bytes;
}

PublicKey rfc_rsa_key() {
  return *PublicKey::rsa(bytes_from(test_issuer::kModulus), "\x01\x00\x01"s);
}
PublicKey rfc_ec_key() {
  return *PublicKey::p256(bytes_from(test_issuer::kX), bytes_from(test_issuer::kY));
}

}  // namespace

TEST_CASE("the signatures in RFC 7515 A.2 and A.3 are right") {
  CHECK(rfc_rsa_key().verifies(kRsText, bytes_from(kRsSignature)));
  CHECK(rfc_ec_key().verifies(kEsText, bytes_from(kEsSignature)));
}

TEST_CASE("an algorithm has one name, of this case") {
  CHECK(algorithm_of("RS256") == Algorithm::kRs256);
  CHECK(algorithm_of("ES256") == Algorithm::kEs256);
  for (const char* name : {"", "none", "None", "NONE", "nOnE", "rs256", "RS256 ", "HS256", "RS384",
                           "RS512", "PS256", "ES384", "ES512", "ES256K", "EdDSA", "RS2567"}) {
    CAPTURE(name);
    CHECK_FALSE(algorithm_of(name));
  }
}

TEST_CASE("a signature of another text, by another key, or changed by one bit is wrong") {
  const std::string rsa = bytes_from(kRsSignature);
  const std::string ec = bytes_from(kEsSignature);
  CHECK_FALSE(rfc_rsa_key().verifies(kEsText, rsa));
  CHECK_FALSE(rfc_ec_key().verifies(kRsText, ec));
  CHECK_FALSE(rfc_rsa_key().verifies(kEsText, ec));
  CHECK_FALSE(rfc_ec_key().verifies(kRsText, rsa));
  for (const size_t at : {size_t{0}, size_t{31}, size_t{32}, size_t{63}}) {
    std::string changed = ec;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    CHECK_FALSE(rfc_ec_key().verifies(kEsText, changed));
    changed = rsa;
    changed[4 * at] = static_cast<char>(changed[4 * at] ^ 0x80);
    CHECK_FALSE(rfc_rsa_key().verifies(kRsText, changed));
  }
}

TEST_CASE("a signature has the length of its key") {
  const std::string rsa = bytes_from(kRsSignature);
  const std::string ec = bytes_from(kEsSignature);
  for (const std::string& signature :
       {std::string(), rsa.substr(1), rsa + '\0', '\0' + rsa, std::string(256, '\0')}) {
    CHECK_FALSE(rfc_rsa_key().verifies(kRsText, signature));
  }
  // With a zero before each number, too, which is the same two numbers.
  for (const std::string& signature : {std::string(), ec.substr(1), ec + '\0', ec.substr(0, 62),
                                       '\0' + ec.substr(0, 32) + '\0' + ec.substr(32)}) {
    CHECK_FALSE(rfc_ec_key().verifies(kEsText, signature));
  }
}

TEST_CASE("an ES256 signature of zeros, or of numbers that are too large, is wrong") {
  const std::string zero(32, '\0');
  const std::string order = bytes_from(kOrder);
  const std::string good = bytes_from(kEsSignature);
  const std::string r = good.substr(0, 32);
  const std::string s = good.substr(32);
  for (const std::string& signature : {zero + zero, zero + s, r + zero, order + order, order + s,
                                       r + order, zero + order, std::string(64, '\xff')}) {
    CHECK_FALSE(rfc_ec_key().verifies(kEsText, signature));
  }
}

TEST_CASE("an RSA signature that is not below the modulus is wrong") {
  const std::string modulus = bytes_from(test_issuer::kModulus);
  CHECK_FALSE(rfc_rsa_key().verifies(kRsText, modulus));
  CHECK_FALSE(rfc_rsa_key().verifies(kRsText, std::string(256, '\xff')));
}

TEST_CASE("an RSA key has an odd modulus of 2048 to 4096 bits") {
  const std::string exponent = "\x01\x00\x01"s;
  const auto taken = [&](const std::string& modulus) {
    return PublicKey::rsa(modulus, exponent).has_value();
  };
  const std::string rest(255, '\xff');
  CHECK(taken('\x80' + rest));
  CHECK(taken("\0\0\x80"s + rest));
  CHECK_FALSE(taken('\x7f' + rest));
  CHECK(taken('\x01' + std::string(256, '\xff')));
  CHECK(taken(std::string(512, '\xff')));
  CHECK(taken('\0' + std::string(512, '\xff')));
  CHECK_FALSE(taken('\x01' + std::string(512, '\xff')));
  CHECK_FALSE(taken('\x80' + std::string(255, '\0')));
  CHECK_FALSE(taken(std::string(128, '\xff')));
  CHECK_FALSE(taken(""));
  CHECK_FALSE(taken(std::string(300, '\0')));
}

TEST_CASE("an RSA key has an odd exponent from 3 to below 2^32") {
  const std::string modulus = bytes_from(test_issuer::kModulus);
  const auto taken = [&](const std::string& exponent) {
    return PublicKey::rsa(modulus, exponent).has_value();
  };
  CHECK(taken("\x03"));
  CHECK(taken("\x01\x00\x01"s));
  CHECK(taken("\0\x01\x00\x01"s));
  CHECK(taken("\xff\xff\xff\xff"));
  for (const std::string& exponent :
       {""s, "\0"s, "\x01"s, "\0\x01"s, "\x02"s, "\x01\0"s, "\x01\0\0\0\x01"s, modulus}) {
    CHECK_FALSE(taken(exponent));
  }
}

TEST_CASE("an EC key is a point on P-256, of two coordinates of 32 bytes") {
  const std::string x = bytes_from(test_issuer::kX);
  const std::string y = bytes_from(test_issuer::kY);
  const std::string zero(32, '\0');
  CHECK(PublicKey::p256(x, y));
  CHECK_FALSE(PublicKey::p256(y, x));
  CHECK_FALSE(PublicKey::p256(x, x));
  CHECK_FALSE(PublicKey::p256(zero, zero));
  CHECK_FALSE(PublicKey::p256('\0' + x, '\0' + y));
  CHECK_FALSE(PublicKey::p256(x.substr(1), y));
  CHECK_FALSE(PublicKey::p256(x, y.substr(0, 31)));
  CHECK_FALSE(PublicKey::p256(x, ""));
}

TEST_CASE("a coordinate is below the field's prime") {
  // The point of x = 5, and the same one with x = 5 + p, which other bytes must not stand for.
  const std::string y = bytes_from("RZJDuapYGAb-kTvOmYF63hHKUDxk2aPFM0FcCDJI-8w");
  CHECK(PublicKey::p256(std::string(31, '\0') + '\x05', y));
  CHECK_FALSE(PublicKey::p256(bytes_from("_____wAAAAEAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAQ"), y));
  const std::string prime = bytes_from(kPrime);
  CHECK_FALSE(PublicKey::p256(prime, y));
  CHECK_FALSE(PublicKey::p256(bytes_from(test_issuer::kX), prime));
}

}  // namespace watchdog

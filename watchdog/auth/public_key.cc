#include "auth/public_key.h"

#include <bearssl.h>

#include <array>
#include <bit>
#include <cstring>
#include <utility>

namespace watchdog {

namespace {

constexpr size_t kLeastModulusBits = 2048;
constexpr size_t kMostModulusBits = 4096;
constexpr size_t kMostExponentSize = 4;
constexpr size_t kNumberSize = 32;  // of P-256: a coordinate, r, s
using Hash = std::array<unsigned char, br_sha256_SIZE>;

// The prime of P-256's field (SP 800-186 3.2.1.3).
constexpr std::string_view kP256Prime(
    "\xff\xff\xff\xff\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00"
    "\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    kNumberSize);

// The library's default is all curves; this is the one of them that it uses for P-256 on every
// machine that we run on, and 8 KB smaller.
const br_ec_impl& curve() {
  return br_ec_p256_m31;
}

// For the library's key, which has no const; it does not write there.
unsigned char* unwritten(const std::string& text) {
  return reinterpret_cast<unsigned char*>(const_cast<char*>(text.data()));
}

std::string_view without_leading_zeros(std::string_view number) {
  const size_t first = number.find_first_not_of('\0');
  return first == std::string_view::npos ? std::string_view{} : number.substr(first);
}

// Of a number without leading zeros.
size_t bits_of(std::string_view number) {
  if (number.empty()) return 0;
  const auto first = static_cast<unsigned char>(number.front());
  return 8 * (number.size() - 1) + static_cast<size_t>(std::bit_width(first));
}

bool is_odd(std::string_view number) {
  return !number.empty() && (static_cast<unsigned char>(number.back()) & 1) != 0;
}

// Of numbers of the same size.
bool is_below(std::string_view number, std::string_view limit) {
  return std::memcmp(number.data(), limit.data(), limit.size()) < 0;
}

// Whether it is from 1 to the order of P-256 less 1. The library leaves it open what it makes of 0.
bool is_scalar(std::string_view number) {
  size_t size = 0;
  const unsigned char* const order = curve().order(BR_EC_secp256r1, &size);
  return !without_leading_zeros(number).empty() &&
         is_below(number, {reinterpret_cast<const char*>(order), size});
}

Hash hash_of(std::string_view text) {
  br_sha256_context context;
  br_sha256_init(&context);
  br_sha256_update(&context, text.data(), text.size());
  Hash hash;
  br_sha256_out(&context, hash.data());
  return hash;
}

// Writes what the signer must have signed and compares it whole (RFC 8017 8.2.2), so that there is
// no padding to parse, which is where verifiers were fooled.
bool verifies_rsa(const ModularPower& modulus, uint32_t exponent, const Hash& hash,
                  std::string_view signature) {
  const auto found = modulus.of(signature, exponent);
  if (!found) return false;
  // 0, 1, as many 0xff as there is room for, 0, what SHA-256 is called, the hash (RFC 8017 9.2).
  constexpr std::string_view kStart("\x00\x01", 2);
  constexpr std::string_view kSha256(
      "\x00\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20", 20);
  std::string expected(kStart);
  expected.append(found->size() - kStart.size() - kSha256.size() - hash.size(), '\xff');
  expected.append(kSha256).append(reinterpret_cast<const char*>(hash.data()), hash.size());
  return *found == expected;
}

bool verifies_ecdsa(const std::string& point, const Hash& hash, std::string_view signature) {
  if (signature.size() != 2 * kNumberSize || !is_scalar(signature.substr(0, kNumberSize)) ||
      !is_scalar(signature.substr(kNumberSize))) {
    return false;
  }
  const br_ec_public_key key{BR_EC_secp256r1, unwritten(point), point.size()};
  return br_ecdsa_i31_vrfy_raw(&curve(), hash.data(), hash.size(), &key, signature.data(),
                               signature.size()) == 1;
}

}  // namespace

std::optional<Algorithm> algorithm_of(std::string_view name) {
  if (name == "RS256") return Algorithm::kRs256;
  if (name == "ES256") return Algorithm::kEs256;
  return std::nullopt;
}

std::optional<PublicKey> PublicKey::rsa(std::string_view modulus, std::string_view exponent) {
  modulus = without_leading_zeros(modulus);
  exponent = without_leading_zeros(exponent);
  const size_t bits = bits_of(modulus);
  if (bits < kLeastModulusBits || bits > kMostModulusBits || !is_odd(modulus)) return std::nullopt;
  if (exponent.size() > kMostExponentSize || !is_odd(exponent) || exponent == "\x01") {
    return std::nullopt;
  }
  uint32_t power = 0;
  for (const char byte : exponent) power = power << 8 | static_cast<unsigned char>(byte);
  return PublicKey(ModularPower(modulus), power);
}

std::optional<PublicKey> PublicKey::p256(std::string_view x, std::string_view y) {
  if (x.size() != kNumberSize || y.size() != kNumberSize) return std::nullopt;
  if (!is_below(x, kP256Prime) || !is_below(y, kP256Prime)) return std::nullopt;
  const std::string point = std::string("\x04").append(x).append(y);
  // Multiplying looks whether the point is one.
  std::string product = point;
  constexpr unsigned char kOne = 1;
  auto* const bytes = reinterpret_cast<unsigned char*>(product.data());
  if (curve().mul(bytes, product.size(), &kOne, 1, BR_EC_secp256r1) != 1) return std::nullopt;
  return PublicKey(point);
}

bool PublicKey::verifies(std::string_view text, std::string_view signature) const {
  const Hash hash = hash_of(text);
  switch (algorithm_) {
    case Algorithm::kRs256:
      return verifies_rsa(*modulus_, exponent_, hash, signature);
    case Algorithm::kEs256:
      return verifies_ecdsa(point_, hash, signature);
  }
  return false;
}

}  // namespace watchdog

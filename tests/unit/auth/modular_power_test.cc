#include "auth/modular_power.h"

#include <bearssl.h>
#include <doctest/doctest.h>

#include <random>
#include <string>

namespace watchdog {

namespace {

// The same by BearSSL; nothing where it refuses.
std::optional<std::string> power_by_bearssl(std::string modulus, std::string base,
                                            uint32_t exponent) {
  unsigned char bytes[4];
  for (int i = 0; i < 4; ++i) bytes[i] = static_cast<unsigned char>(exponent >> (24 - 8 * i));
  const br_rsa_public_key key{reinterpret_cast<unsigned char*>(modulus.data()), modulus.size(),
                              bytes, sizeof bytes};
  if (br_rsa_i31_public(reinterpret_cast<unsigned char*>(base.data()), base.size(), &key) != 1) {
    return std::nullopt;
  }
  return base;
}

std::string random_bytes(std::mt19937_64& random, size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

// Mostly of one byte, so that carries run through all of it.
std::string monotonous_bytes(std::mt19937_64& random, size_t size) {
  std::string bytes(size, (random() & 1) != 0 ? '\xff' : '\0');
  bytes[random() % size] = static_cast<char>(random());
  return bytes;
}

}  // namespace

TEST_CASE("powers are those of small numbers") {
  const ModularPower modulo_35("\x23");
  CHECK(modulo_35.of("\x02", 1) == "\x02");
  CHECK(modulo_35.of("\x02", 5) == "\x20");
  CHECK(modulo_35.of("\x02", 6) == "\x1d");
  CHECK(modulo_35.of(std::string(1, '\0'), 3) == std::string(1, '\0'));
  CHECK(modulo_35.of("\x22", 65537) == "\x22");
}

TEST_CASE("what is not as long as the modulus, or not below it, has no power") {
  const ModularPower modulo_35("\x23");
  CHECK_FALSE(modulo_35.of("\x23", 3));
  CHECK_FALSE(modulo_35.of("\xff", 3));
  CHECK_FALSE(modulo_35.of("", 3));
  CHECK_FALSE(modulo_35.of(std::string("\0\x02", 2), 3));
}

TEST_CASE("powers are the same as BearSSL's, for numbers of every kind and size") {
  std::mt19937_64 random(7);
  for (int i = 0; i < 300; ++i) {
    const size_t size = 256 + (i % 2 == 0 ? 0 : random() % 257);
    std::string modulus = i % 3 == 0 ? monotonous_bytes(random, size) : random_bytes(random, size);
    modulus.front() = static_cast<char>(modulus.front() | 0x80);
    modulus.back() = static_cast<char>(modulus.back() | 1);
    std::string base = i % 5 == 0 ? monotonous_bytes(random, size) : random_bytes(random, size);
    if (i % 7 == 0) base = modulus.substr(0, size - 1) + '\0';  // the modulus less something
    const uint32_t exponent = i % 4 == 0   ? static_cast<uint32_t>(random()) | 1
                              : i % 4 == 1 ? 3
                                           : 65537;
    CAPTURE(i);
    CHECK(ModularPower(modulus).of(base, exponent) == power_by_bearssl(modulus, base, exponent));
  }
}

}  // namespace watchdog

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace watchdog {

// Powers modulo an odd number, by Montgomery's multiplication: the arithmetic of an RSA
// verification, where nothing is secret, so that its time may depend on the numbers. BearSSL's,
// made for secrets and packaged without optimization for speed, takes four times as long; the unit
// tests compare the two.
class ModularPower {
 public:
  // `modulus` is odd, big-endian and without leading zeros.
  explicit ModularPower(std::string_view modulus);

  // base^exponent mod modulus, as long as the modulus. Nothing unless `base` is as long as the
  // modulus and below it (RFC 8017 5.2.2). `exponent` is not 0.
  std::optional<std::string> of(std::string_view base, uint32_t exponent) const;

 private:
  using Limbs = std::vector<uint64_t>;  // the least significant first

  Limbs multiply(const Limbs& a, const Limbs& b) const;  // a * b / 2^(64 * limbs) mod modulus
  bool is_reduced(const Limbs& number) const;
  void subtract_modulus(Limbs& number) const;

  size_t size_;  // of the modulus, in bytes
  Limbs modulus_;
  uint64_t inverse_;  // -1 / modulus mod 2^64
  Limbs square_;      // 2^(128 * limbs) mod modulus
};

}  // namespace watchdog

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "auth/modular_power.h"

namespace watchdog {

// The signatures that are understood (RFC 7518 3.1). There is no way to name another: "none", HS256
// and the like have no enumerator.
enum class Algorithm : uint8_t {
  kRs256,  // RSASSA-PKCS1-v1_5 with SHA-256
  kEs256,  // ECDSA on P-256 with SHA-256
};

// What "alg" calls it: these two words exactly, of this case. Nothing for any other.
std::optional<Algorithm> algorithm_of(std::string_view name);

// A public key, which serves one algorithm only: which one is the key's property, never a token's.
class PublicKey {
 public:
  // An RSA key of the big-endian modulus and exponent; leading zeros do not count. Nothing unless
  // the modulus is odd and has 2048 to 4096 bits, and the exponent is odd, at least 3, and below
  // 2^32: larger ones, which nobody uses, would make a verification as slow as a signature.
  static std::optional<PublicKey> rsa(std::string_view modulus, std::string_view exponent);

  // An EC key on P-256 of its big-endian coordinates. Nothing unless both have 32 bytes (RFC 7518
  // 6.2.1.2), are below the field's prime, and are a point on the curve: other points leak nothing
  // here, but what a signature proves on them nobody has said.
  static std::optional<PublicKey> p256(std::string_view x, std::string_view y);

  Algorithm algorithm() const { return algorithm_; }

  // Whether `signature`, decoded, is this key's signature of `text`. RS256: as long as the modulus.
  // ES256: 64 bytes, r and s, neither of them 0 (RFC 7518 3.4).
  bool verifies(std::string_view text, std::string_view signature) const;

 private:
  PublicKey(ModularPower modulus, uint32_t exponent)
      : algorithm_(Algorithm::kRs256), modulus_(std::move(modulus)), exponent_(exponent) {}
  explicit PublicKey(std::string point) : algorithm_(Algorithm::kEs256), point_(std::move(point)) {}

  Algorithm algorithm_;
  std::optional<ModularPower> modulus_;  // RSA
  uint32_t exponent_ = 0;                // RSA
  std::string point_;                    // EC, uncompressed
};

}  // namespace watchdog

#include "auth/modular_power.h"

#include <bit>

namespace watchdog {

namespace {

__extension__ using Wide = unsigned __int128;

constexpr size_t kLimbSize = sizeof(uint64_t);

std::vector<uint64_t> limbs_of(std::string_view number) {
  std::vector<uint64_t> limbs((number.size() + kLimbSize - 1) / kLimbSize);
  for (size_t i = 0; i < number.size(); ++i) {
    const uint64_t byte = static_cast<unsigned char>(number[number.size() - 1 - i]);
    limbs[i / kLimbSize] |= byte << 8 * (i % kLimbSize);
  }
  return limbs;
}

std::string bytes_of_limbs(const std::vector<uint64_t>& limbs, size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) {
    bytes[size - 1 - i] = static_cast<char>(limbs[i / kLimbSize] >> 8 * (i % kLimbSize));
  }
  return bytes;
}

// Returns the lower half of a + b * c + carry, and leaves the upper one in `carry`. It always fits.
uint64_t multiply_add(uint64_t a, uint64_t b, uint64_t c, uint64_t& carry) {
  const Wide sum = Wide{b} * c + a + carry;
  carry = static_cast<uint64_t>(sum >> 64);
  return static_cast<uint64_t>(sum);
}

}  // namespace

ModularPower::ModularPower(std::string_view modulus)
    : size_(modulus.size()), modulus_(limbs_of(modulus)), inverse_(1) {
  // Newton: an odd number is its own inverse mod 8, and every step doubles the bits that are right.
  uint64_t inverse = modulus_.front();
  for (int bits = 3; bits < 64; bits *= 2) inverse *= 2 - modulus_.front() * inverse;
  inverse_ = 0 - inverse;
  square_.resize(modulus_.size());
  square_.front() = 1;
  for (size_t i = 0; i < 128 * modulus_.size(); ++i) {
    uint64_t carry = 0;
    for (uint64_t& limb : square_) {
      const uint64_t top = limb >> 63;
      limb = limb << 1 | carry;
      carry = top;
    }
    if (carry != 0 || !is_reduced(square_)) subtract_modulus(square_);
  }
}

std::optional<std::string> ModularPower::of(std::string_view base, uint32_t exponent) const {
  if (base.size() != size_) return std::nullopt;
  const Limbs number = limbs_of(base);
  if (!is_reduced(number)) return std::nullopt;
  const Limbs factor = multiply(number, square_);
  Limbs power = factor;
  for (uint32_t bit = std::bit_floor(exponent) >> 1; bit != 0; bit >>= 1) {
    power = multiply(power, power);
    if ((exponent & bit) != 0) power = multiply(power, factor);
  }
  Limbs one(modulus_.size());
  one.front() = 1;
  return bytes_of_limbs(multiply(power, one), size_);
}

// Coarsely integrated operand scanning (Koc, Acar, Kaliski, 1996). Both factors are reduced.
ModularPower::Limbs ModularPower::multiply(const Limbs& a, const Limbs& b) const {
  const size_t size = modulus_.size();
  Limbs sum(size);
  uint64_t top = 0;  // the limb above `sum`, 0 or 1
  for (size_t i = 0; i < size; ++i) {
    uint64_t carry = 0;
    for (size_t j = 0; j < size; ++j) sum[j] = multiply_add(sum[j], a[j], b[i], carry);
    const Wide above = Wide{top} + carry;
    // Adds a multiple of the modulus that makes the lowest limb 0, and drops that limb.
    const uint64_t multiple = sum[0] * inverse_;
    carry = 0;
    multiply_add(sum[0], multiple, modulus_[0], carry);
    for (size_t j = 1; j < size; ++j) {
      sum[j - 1] = multiply_add(sum[j], multiple, modulus_[j], carry);
    }
    const Wide highest = above + carry;
    sum[size - 1] = static_cast<uint64_t>(highest);
    top = static_cast<uint64_t>(highest >> 64);
  }
  if (top != 0 || !is_reduced(sum)) subtract_modulus(sum);
  return sum;
}

bool ModularPower::is_reduced(const Limbs& number) const {
  for (size_t i = modulus_.size(); i-- > 0;) {
    if (number[i] != modulus_[i]) return number[i] < modulus_[i];
  }
  return false;
}

void ModularPower::subtract_modulus(Limbs& number) const {
  uint64_t borrow = 0;
  for (size_t i = 0; i < modulus_.size(); ++i) {
    const Wide difference = Wide{number[i]} - modulus_[i] - borrow;
    number[i] = static_cast<uint64_t>(difference);
    borrow = static_cast<uint64_t>(difference >> 64) & 1;
  }
}

}  // namespace watchdog

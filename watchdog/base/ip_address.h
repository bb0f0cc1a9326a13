#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace watchdog {

// An IPv4 or IPv6 address, or none. An IPv4-mapped IPv6 address ("::ffff:10.1.2.3", RFC 4291
// 2.5.5.2) becomes the IPv4 address that it stands for, so that comparisons need not know of the
// mapping.
class IpAddress {
 public:
  enum class Family : uint8_t { kNone, kFour, kSix };
  using Bytes = std::array<uint8_t, 16>;

  IpAddress() = default;
  // `bytes` are in network order; an IPv4 address is the first four of them, and the others are 0.
  IpAddress(Family family, const Bytes& bytes);
  // Takes "10.1.2.3" and "2001:db8::1", without brackets, port or zone.
  static std::optional<IpAddress> parse(std::string_view text);

  Family family() const { return family_; }
  const Bytes& bytes() const { return bytes_; }
  // "10.1.2.3", "::1"; "" when there is none.
  std::string text() const;

  bool operator==(const IpAddress&) const = default;

 private:
  Family family_ = Family::kNone;
  Bytes bytes_{};
};

}  // namespace watchdog

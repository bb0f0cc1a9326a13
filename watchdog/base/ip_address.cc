#include "base/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>

namespace watchdog {

namespace {

constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

IpAddress::IpAddress(Family family, const Bytes& bytes) : family_(family), bytes_(bytes) {
  if (family != Family::kSix) return;
  if (!std::equal(kMapped.begin(), kMapped.end(), bytes.begin())) return;
  family_ = Family::kFour;
  bytes_ = {bytes[12], bytes[13], bytes[14], bytes[15]};
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> zero_ended{};
  if (text.size() >= zero_ended.size()) return std::nullopt;
  std::copy(text.begin(), text.end(), zero_ended.begin());
  Bytes bytes{};
  if (inet_pton(AF_INET, zero_ended.data(), bytes.data()) == 1) {
    return IpAddress(Family::kFour, bytes);
  }
  if (inet_pton(AF_INET6, zero_ended.data(), bytes.data()) == 1) {
    return IpAddress(Family::kSix, bytes);
  }
  return std::nullopt;
}

std::string IpAddress::text() const {
  if (family_ == Family::kNone) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = family_ == Family::kFour ? AF_INET : AF_INET6;
  return inet_ntop(family, bytes_.data(), text.data(), text.size());
}

}  // namespace watchdog

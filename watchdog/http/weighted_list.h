#pragma once

#include <optional>
#include <string_view>

namespace watchdog {

// A weight of 1.
inline constexpr int kFullQuality = 1000;

// A member of a list by which a client says what it prefers, such as Accept and Accept-Encoding:
// "text/plain;version=0.0.4;q=0.5".
struct WeightedMember {
  std::string_view value;         // "text/plain"
  std::string_view parameters{};  // "version=0.0.4;q=0.5"
  int quality = kFullQuality;     // in thousandths (RFC 9110 12.4.2); of a malformed weight 0

  // The value of a parameter, its name in any case, without quotes around it.
  std::optional<std::string_view> parameter(std::string_view name) const;
};

// Takes the first member from a list, which is not empty, and the comma behind it. A comma within
// quotes is part of the member.
WeightedMember take_member(std::string_view& list);

}  // namespace watchdog

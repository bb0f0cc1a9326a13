#include "base/address_set.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace watchdog {

namespace {

constexpr std::string_view kSeparators = ", \t";
constexpr std::string_view kAccepted =
    "it accepts private, all, none, or addresses and networks such as 10.0.0.0/8, 2001:db8::/32";

constexpr std::string_view kPrivate =
    "127.0.0.0/8 ::1 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7 169.254.0.0/16 fe80::/10 "
    "100.64.0.0/10";

constexpr unsigned kBitsOfSix = 128;
constexpr unsigned kBitsOfFour = 32;
constexpr unsigned kBitsBeforeMapped = kBitsOfSix - kBitsOfFour;

// The words of a list, one after another; empty when there are no more.
std::string_view next_word(std::string_view& list) {
  list.remove_prefix(std::min(list.find_first_not_of(kSeparators), list.size()));
  const std::string_view word = list.substr(0, list.find_first_of(kSeparators));
  list.remove_prefix(word.size());
  return word;
}

bool same_bits(const IpAddress::Bytes& a, const IpAddress::Bytes& b, unsigned count) {
  const unsigned whole = count / 8;
  const unsigned rest = count % 8;
  if (!std::equal(a.begin(), a.begin() + whole, b.begin())) return false;
  return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

}  // namespace

std::optional<AddressSet::Network> AddressSet::parse_network(std::string_view text) {
  const size_t slash = text.find('/');
  const std::string_view name = text.substr(0, slash);
  const auto address = IpAddress::parse(name);
  if (!address) return std::nullopt;
  const bool four = address->family() == IpAddress::Family::kFour;
  const bool mapped = four && name.find(':') != std::string_view::npos;
  const unsigned bits = four ? kBitsOfFour : kBitsOfSix;
  if (slash == std::string_view::npos) return Network{*address, bits};
  const unsigned before = mapped ? kBitsBeforeMapped : 0;  // bits that the IPv4 address has not
  const auto length = parse_integer(text.substr(slash + 1), before, before + bits);
  if (!length) return std::nullopt;
  return Network{*address, static_cast<unsigned>(*length) - before};
}

bool AddressSet::add(std::string_view word) {
  if (word == "all") return all_ = true;
  if (word == "private") {
    std::string_view list = kPrivate;
    for (auto one = next_word(list); !one.empty(); one = next_word(list)) add(one);
    return true;
  }
  const auto network = parse_network(word);
  if (network) networks_.push_back(*network);
  return network.has_value();
}

Result<AddressSet> AddressSet::parse(std::string_view text) {
  AddressSet set;
  set.text_ = text;
  if (trim(text) == "none") return set;
  std::string_view list = text;
  for (auto word = next_word(list); !word.empty(); word = next_word(list)) {
    if (!set.add(word)) return Error{fmt::format("{} is not an address; {}", word, kAccepted)};
  }
  if (!set.all_ && set.networks_.empty()) return Error{std::string(kAccepted)};
  return set;
}

bool AddressSet::contains(const IpAddress& address) const {
  if (all_) return true;
  return std::ranges::any_of(networks_, [&address](const Network& network) {
    return network.address.family() == address.family() &&
           same_bits(network.address.bytes(), address.bytes(), network.length);
  });
}

}  // namespace watchdog

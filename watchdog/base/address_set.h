#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "base/result.h"

namespace watchdog {

// A set of IP addresses, as an option names it: "10.0.0.0/8, 2001:db8::/32, 192.0.2.1". It is
// immutable, so that any thread may ask it.
//
// Words stand for what is tedious to list:
//   private   what cannot come from the Internet: loopback (127.0.0.0/8, ::1), private networks
//             (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, fc00::/7), link-local ones
//             (169.254.0.0/16, fe80::/10) and the shared ones of providers, which clouds give to
//             pods (100.64.0.0/10)
//   all       every address
//   none      no address; stands alone
class AddressSet {
 public:
  // The empty set.
  AddressSet() = default;
  // Takes networks, addresses and words with commas or white space between them. The host bits of a
  // network's address are ignored.
  static Result<AddressSet> parse(std::string_view text);

  // An address that is none (IpAddress()) is in `all` and in no other set.
  bool contains(const IpAddress& address) const;
  // The text that parse() was given.
  const std::string& text() const { return text_; }

 private:
  struct Network {
    IpAddress address;
    unsigned length;  // in bits
  };

  static std::optional<Network> parse_network(std::string_view text);
  // Returns whether `word` is a network, an address or one of the words.
  bool add(std::string_view word);

  std::vector<Network> networks_;
  bool all_ = false;
  std::string text_;
};

}  // namespace watchdog

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "base/result.h"

namespace watchdog {

// A set of IP addresses, as an option names it: "10.0.0.0/8, 2001:db8::/32, 192.0.2.1". Immutable,
// so that any thread may ask it.
//
// Words stand for what is tedious to list:
//   private   what cannot come from the Internet: loopback (127.0.0.0/8, ::1), private networks
//             (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, fc00::/7), link-local ones
//             (169.254.0.0/16, fe80::/10) and the shared ones of providers, which clouds give to
//             pods (100.64.0.0/10)
//   all       every address
//   none      no address; only alone
class AddressSet {
 public:
  // The empty set.
  AddressSet() = default;
  // Networks, addresses and words, with commas or white space between them. The bits of a network's
  // address behind its length do not count.
  static Result<AddressSet> parse(std::string_view text);

  // IpAddress() is in no set but that of all.
  bool contains(const IpAddress& address) const;
  // As it was written.
  const std::string& text() const { return text_; }

 private:
  struct Network {
    IpAddress address;
    unsigned length;  // in bits
  };

  static std::optional<Network> parse_network(std::string_view text);
  // Whether `word` could be taken.
  bool add(std::string_view word);

  std::vector<Network> networks_;
  bool all_ = false;
  std::string text_;
};

}  // namespace watchdog

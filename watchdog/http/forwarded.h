#pragma once

#include <string_view>

#include "base/address_set.h"
#include "base/ip_address.h"
#include "http/message.h"

namespace watchdog {

// What a request says about how it came here: X-Forwarded-For, -Host, -Proto, -Prefix and every
// other X-Forwarded-*, X-Real-IP, and Forwarded (RFC 7239). Applications decide by these who the
// client is and what links they give it, so they must not be anybody's to make up:
//
//   from a peer that is trusted    they stay as they are. We are no hop of our own, but a part of
//                                  the function: nothing is appended to them
//   from anybody else              they are all taken off
//   in both cases                  X-Forwarded-For, -Host and -Proto are put in where they are not
//                                  there, as we see the peer, unless Forwarded says the same
//
// The same names with a '_' for a '-' are taken off always: many servers take them for these.
//
// The connection does so as soon as it has read a head. Whoever comes after sees nothing else, and
// need not ask whom to trust.

// Names the path that a proxy has taken off the front of the target.
inline constexpr std::string_view kPrefixField = "X-Forwarded-Prefix";

// Whether a field of that name says how the request came here; "x_forwarded_for" is one as well.
bool is_forwarded_field(std::string_view name);

// Makes these fields of `request` what they should be. `peer`: the address at the other end of the
// connection; a view that lives as long as the request.
void settle_forwarded_fields(RequestHead& request, std::string_view peer, bool trusted);

// Of settled fields: whether the client spoke TLS, to whomever it spoke.
bool came_over_tls(const Fields& fields);

// Of settled fields: the address of the client, when each address of X-Forwarded-For (else of
// Forwarded) was put there by the one to its right, and by the peer the last one: the rightmost
// that is not trusted, or, where all are, the first.
IpAddress client_address(const Fields& fields, const IpAddress& peer, const AddressSet& trusted);

}  // namespace watchdog

#pragma once

#include <string_view>

#include "base/address_set.h"
#include "base/ip_address.h"
#include "http/message.h"

namespace watchdog {

// The fields of a request that tell how it came here: X-Forwarded-For, -Host, -Proto, -Prefix and
// every other X-Forwarded-*, X-Real-IP, and Forwarded (RFC 7239). Applications decide by them who
// the client is and which links it gets, so nobody may make them up:
//
//   from a trusted peer      they stay as they are. We are not a hop of our own but a part of the
//                            function, and append nothing to them
//   from any other peer      they are all removed
//   in both cases            X-Forwarded-For, -Host and -Proto are added where they are missing, as
//                            we see the peer, unless Forwarded says the same
//
// The same names with a '_' for a '-' are always removed, as many servers take them for these.
//
// The connection does this as soon as it has read a head. All code behind it sees the result, and
// need not ask which peers are trusted.

// The field that names the path that a proxy has removed from the front of the target.
inline constexpr std::string_view kPrefixField = "X-Forwarded-Prefix";

// Whether the field of this name is one of these; "x_forwarded_for" is one as well.
bool is_forwarded_field(std::string_view name);

// Makes these fields of `request` what the table says. `peer` is the address at the other end of
// the connection; a view that lives as long as the request.
void settle_forwarded_fields(RequestHead& request, std::string_view peer, bool trusted);

// Whether the client spoke TLS, to us or to a proxy before us. `fields` are settled.
bool came_over_tls(const Fields& fields);

// Returns the address of the client. `fields` are settled: each address of X-Forwarded-For (else of
// Forwarded) was added by the hop to its right, the last one by the peer. The client is the
// rightmost address that is not trusted or, where all are, the first.
IpAddress client_address(const Fields& fields, const IpAddress& peer, const AddressSet& trusted);

}  // namespace watchdog

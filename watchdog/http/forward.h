#pragma once

#include <string>
#include <string_view>

#include "http/message.h"

namespace watchdog {

// Forwards messages (RFC 9110 7.6): the fields of one connection stay behind, all else keeps its
// bytes, its order and its duplicates.

// The upstream that a request goes to.
struct Hop {
  std::string_view prefix;     // of the upstream URL's path, before the target
  std::string_view authority;  // Host for a client that sent none (HTTP/1.0)
};

// Returns the protocols that a client would switch to (RFC 9110 7.8), as listed; empty when there
// are none, as in HTTP/1.0.
std::string_view wanted_upgrade(const RequestHead& request);

// Appends the head of `request` as it goes upstream. Its body is framed as it came, with its
// Content-Length or chunked; where `collected` is given it has that length, and Expect is left out,
// as the body is there already.
void append_forwarded_head(std::string& out, const RequestHead& request, const Hop& hop,
                           const uint64_t* collected = nullptr);

// Adds those fields of a response to `out` that are passed on.
void forward_fields(const UpstreamResponse& response, Fields& out);

// Returns the lines of a trailer section without those that must not be there (RFC 9110 6.5.1).
std::string forwarded_trailers(std::string_view trailers);

}  // namespace watchdog

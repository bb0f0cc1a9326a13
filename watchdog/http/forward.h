#pragma once

#include <string>
#include <string_view>

#include "http/message.h"

namespace watchdog {

// What passing a message on means (RFC 9110 7.6): fields that are about one connection stay behind,
// everything else keeps its bytes, its order and its duplicates.

// Where a request goes.
struct Hop {
  std::string_view prefix;     // of the upstream URL's path, before the target
  std::string_view authority;  // Host for a client that sent none (HTTP/1.0)
};

// The protocols that a client would switch to (RFC 9110 7.8), as listed; empty when it would not,
// as no client of HTTP/1.0 would.
std::string_view wanted_upgrade(const RequestHead& request);

// Appends the head of `request` as it goes upstream. Its body is sent as it came: with its
// Content-Length or chunked, or, when `collected` is given, with that length, and then nobody need
// ask for it any more (Expect).
void append_forwarded_head(std::string& out, const RequestHead& request, const Hop& hop,
                           const uint64_t* collected = nullptr);

// Adds the fields of a response that are passed on to `out`.
void forward_fields(const UpstreamResponse& response, Fields& out);

// The lines of a trailer section without those that must not be there (RFC 9110 6.5.1).
std::string forwarded_trailers(std::string_view trailers);

}  // namespace watchdog

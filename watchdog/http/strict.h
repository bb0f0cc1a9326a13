#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "http/message.h"

namespace watchdog {

// What to answer to a message that we refuse: a status (400, 414, 431, 501, 505) and, for the log
// and the client, why.
struct Refusal {
  int status = 400;
  std::string_view reason;
};

// The checks that stand in front of llhttp, whose versions differ in what they let through. Each
// takes a line without its CRLF and returns what is wrong with it.

// RFC 9112 3: method SP request-target SP HTTP-version.
std::optional<Refusal> check_request_line(std::string_view line);
// RFC 9112 5: field-name ":" OWS field-value OWS, and no obs-fold.
std::optional<Refusal> check_field_line(std::string_view line);
// Bytes of a line that is not complete yet.
std::optional<Refusal> check_line_bytes(std::string_view bytes);
// RFC 9112 7.1: chunk-size [ chunk-ext ].
std::optional<Refusal> check_chunk_line(std::string_view line, uint64_t& size);

// Sets framing, content_length, keep_alive and expects_continue from the fields (RFC 9112 6.3 and
// 9.3), and checks Host (RFC 9112 3.2).
std::optional<Refusal> complete_head(RequestHead& head);

}  // namespace watchdog

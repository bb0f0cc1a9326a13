#pragma once

#include <cstddef>
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
// returns what is wrong; a line comes without its CRLF.

// The bytes of a line, or of a part of one: no control characters but HTAB.
std::optional<Refusal> check_line_bytes(std::string_view bytes);
// RFC 9110 5.6.2: what a method or the name of a field consists of.
bool is_token(std::string_view text);
// RFC 9112 5: a field of a head or a trailer, and no obs-fold.
std::optional<Refusal> check_field_line(std::string_view line);
// RFC 9112 7.1: chunk-size and chunk-ext, without optional white space.
std::optional<Refusal> check_chunk_line(std::string_view line, uint64_t& size);

// Checks the head of one message, line by line, and finds out how its body ends (RFC 9112 6.3).
class HeadCheck {
 public:
  // RFC 9112 3 and 4: what kind of message it is.
  std::optional<Refusal> request_line(std::string_view line, size_t longest_target);
  std::optional<Refusal> status_line(std::string_view line);
  std::optional<Refusal> field_line(std::string_view line);
  // After the last field: those that must be there, and those that contradict each other.
  std::optional<Refusal> end();

  size_t fields() const { return fields_; }
  // Once end() is content.
  bool chunked() const { return chunked_; }
  bool has_length() const { return has_length_; }
  uint64_t content_length() const { return content_length_; }

 private:
  std::optional<Refusal> host(std::string_view value);
  std::optional<Refusal> length(std::string_view value);
  std::optional<Refusal> codings(std::string_view list);
  std::optional<Refusal> coding(std::string_view name);

  size_t fields_ = 0;
  uint64_t content_length_ = 0;
  bool request_ = true;
  bool http_1_0_ = false;
  bool has_host_ = false;
  bool has_length_ = false;
  bool has_coding_ = false;
  bool chunked_ = false;  // chunked is the last coding so far
  bool unknown_coding_ = false;
};

}  // namespace watchdog

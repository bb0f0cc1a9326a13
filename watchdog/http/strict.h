#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace watchdog {

// Why a message is refused: the status to respond with (400, 414, 431, 501, 505) and, for the log
// and the client, the reason.
struct Refusal {
  int status = 400;
  std::string_view reason;
};

// The sender of a message. A client may be anybody, and a message of a client that can be
// understood in two ways is refused. The function's own server belongs to the user: what every
// proxy accepts from a server is accepted and mended, and never passed on as it was (RFC 9112 2.2,
// 5.1 and 6.3):
//
//   bare LF at the end of a line           the CR is put before it
//   control characters, a CR among them    each becomes a space
//   white space before a field's colon     removed
//   the same Content-Length twice          sent once
//   Content-Length beside chunked          removed; the connection is not kept
//   white space after a chunk's size       removed, as are chunk extensions of any form
enum class Sender { kClient, kFunction };

// The checks before llhttp, whose versions differ in what they accept. Each returns what is wrong;
// lines come without their CRLF.

// Checks the bytes of a line, or of a part of one: no control characters but HTAB.
std::optional<Refusal> check_line_bytes(std::string_view bytes);
// Whether `text` is a token, as methods and field names are (RFC 9110 5.6.2).
bool is_token(std::string_view text);
// Checks a field line of a head or a trailer section (RFC 9112 5); obs-fold is refused.
std::optional<Refusal> check_field_line(std::string_view line);
// Reads chunk-size and chunk-ext (RFC 9112 7.1).
std::optional<Refusal> check_chunk_line(std::string_view line, Sender sender, uint64_t& size);
// Replaces each byte from `from` to `end` that may not stand in a line by a space. Returns whether
// there was one.
bool blank_control_characters(std::string& bytes, size_t from, size_t end);

// Checks the head of one message, line by line, and finds out how its body ends (RFC 9112 6.3).
class HeadCheck {
 public:
  explicit HeadCheck(Sender sender) : sender_(sender) {}

  // The first line (RFC 9112 3 and 4): which kind of message this is.
  std::optional<Refusal> request_line(std::string_view line, size_t longest_target);
  std::optional<Refusal> status_line(std::string_view line);
  std::optional<Refusal> field_line(std::string_view line);
  // To be called after the last field: checks for fields that are missing and for those that
  // contradict each other.
  std::optional<Refusal> end();

  size_t fields() const { return fields_; }
  // Valid once end() has returned nothing.
  bool chunked() const { return chunked_; }
  bool has_length() const { return has_length_; }
  uint64_t content_length() const { return content_length_; }
  // Whether its length fields must not be passed on as they are: content_length() is sent once, or
  // nothing where the body is chunked.
  bool length_is_mended() const { return length_is_mended_; }
  // Whether the connection cannot be trusted after this message.
  bool poisons_connection() const { return poisons_connection_; }

 private:
  std::optional<Refusal> host(std::string_view value);
  std::optional<Refusal> length(std::string_view value);
  std::optional<Refusal> lengths(std::string_view list);
  std::optional<Refusal> codings(std::string_view list);
  std::optional<Refusal> coding(std::string_view name);

  Sender sender_;
  size_t fields_ = 0;
  uint64_t content_length_ = 0;
  bool request_ = true;
  bool http_1_0_ = false;
  bool has_host_ = false;
  bool has_length_ = false;
  bool has_coding_ = false;
  bool chunked_ = false;  // chunked is the last coding so far
  bool unknown_coding_ = false;
  bool length_is_mended_ = false;
  bool poisons_connection_ = false;
};

}  // namespace watchdog

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace watchdog {

// What to answer to a message that we refuse: a status (400, 414, 431, 501, 505) and, for the log
// and the client, why.
struct Refusal {
  int status = 400;
  std::string_view reason;
};

// Whom a message is from. A client may be anybody, and what could be understood in two ways is
// refused. The function's own server is the user's: what every proxy takes from one is taken and
// mended, and never passed on as it was (RFC 9112 2.2, 5.1 and 6.3):
//
//   bare LF at the end of a line           the CR is put before it
//   control characters, a CR among them    each becomes a space
//   white space before a field's colon     left out
//   the same Content-Length twice          said once
//   Content-Length beside chunked          left out; the connection is not kept
//   white space after a chunk's size       left out, as are chunk extensions of any form
enum class Sender { kClient, kFunction };

// The checks that stand in front of llhttp, whose versions differ in what they let through. Each
// returns what is wrong; a line comes without its CRLF.

// The bytes of a line, or of a part of one: no control characters but HTAB.
std::optional<Refusal> check_line_bytes(std::string_view bytes);
// RFC 9110 5.6.2: what a method or the name of a field consists of.
bool is_token(std::string_view text);
// RFC 9112 5: a field of a head or a trailer, and no obs-fold.
std::optional<Refusal> check_field_line(std::string_view line);
// RFC 9112 7.1: chunk-size and chunk-ext.
std::optional<Refusal> check_chunk_line(std::string_view line, Sender sender, uint64_t& size);
// Makes a space of each of these bytes that may not stand in a line; whether there was any.
bool blank_control_characters(std::string& bytes, size_t from, size_t end);

// Checks the head of one message, line by line, and finds out how its body ends (RFC 9112 6.3).
class HeadCheck {
 public:
  explicit HeadCheck(Sender sender) : sender_(sender) {}

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
  // What it says of its length is not what should be passed on: that is content_length(), once, or
  // nothing where it is chunked.
  bool length_is_mended() const { return length_is_mended_; }
  // A message from which the connection cannot be trusted any further.
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

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/framing.h"

namespace watchdog {

// Reads HTTP/1 requests, one after another, from bytes as they come (RFC 9112). It is a pull
// parser: feed() gives it bytes, then next() is called until it returns kNeedMore or kError. It
// never calls out. Owned by its connection.
//
//   kHead      request() is complete and valid until the next kHead
//   kBody      body() is the next piece, never empty, a view into the bytes fed
//   kEnd       the message is over; request() stays valid until next() is called again
//   kNeedMore  all bytes fed were consumed (consumed() equals their number); feed more
//   kError     error() says what to respond; the connection must be closed
//
// A head is gathered whole, checked line by line as it comes, and only then parsed by llhttp: so
// every version of llhttp refuses the same messages, and views of the head are contiguous. Bodies
// are framed here; the lines of a chunked body, and its trailers, pass the same checks. The result
// does not depend on how the input is split.
class RequestReader {
 public:
  using Event = ReadEvent;

  // Beyond kMaxTarget the error is 414; beyond kMaxChunkLine and ConnectionOptions::kMost, 400;
  // beyond the others, 431.
  static constexpr size_t kMaxTarget = 64 * 1024;
  static constexpr size_t kMaxHead = 256 * 1024;  // request line and fields
  static constexpr size_t kMaxFields = 256;
  static constexpr size_t kMaxChunkLine = Body::kMostChunkLine;
  static constexpr size_t kMaxTrailers = Body::kMostTrailers;

  RequestReader();
  ~RequestReader();
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  // The bytes must live until they are consumed. Bytes of an earlier feed that were not consumed
  // must come again, first.
  void feed(std::string_view bytes);
  Event next();

  // How many of the bytes last fed have been used.
  size_t consumed() const;

  const RequestHead& request() const;
  // To add what the sender cannot know; see forwarded.h.
  RequestHead& request();
  std::string_view body() const;
  // After kEnd: the trailer fields of a chunked body, each a line with its CRLF.
  std::string_view trailers() const;
  const Refusal& error() const;

  // Whether nothing of a message has been seen since the last kEnd. Empty lines before a request
  // line do not count (RFC 9112 2.2).
  bool between_messages() const;

  // Frees the memory of the last head, which request() then no longer shows. Only between messages.
  void shrink();

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace watchdog

#pragma once

#include <cstddef>
#include <string_view>

#include "http/framing.h"
#include "http/message.h"

namespace watchdog {

// Reads HTTP/1 responses, one after another, from a function's server. A pull parser like Reader
// and as strict, because a response that two readers can understand differently must not be passed
// on:
//
//   kHead      response() is complete and valid until the next kHead
//   kBody      body() is the next piece, never empty, a view into the bytes fed
//   kEnd       the message is over; after an interim response another one follows
//   kNeedMore  all bytes fed were consumed; feed more
//   kError     error() says what is wrong
//
// After the head of a 101 the bytes that were not consumed, and all that follow, are no HTTP. Owned
// by an UpstreamConnection.
class ResponseReader {
 public:
  using Event = ReadEvent;

  static constexpr size_t kMaxHead = 256 * 1024;
  static constexpr size_t kMaxFields = 1024;

  // The next response answers `method`; before each request's first response.
  void expect(std::string_view method);
  // The bytes must live until they are consumed. Bytes of an earlier feed that were not consumed
  // must come again, first.
  void feed(std::string_view bytes) {
    input_.bytes = bytes;
    input_.used = 0;
  }
  Event next();
  size_t consumed() const { return input_.used; }

  const ResponseHead& response() const { return head_; }
  std::string_view body() const { return body_.piece(); }
  // After kEnd: the trailer fields of a chunked body, each a line with its CRLF.
  std::string_view trailers() const { return body_.trailers(); }
  const Refusal& error() const { return input_.refusal; }

  // Whether anything of a response has been seen since expect().
  bool begun() const { return state_ != State::kHead || !lines_.text().empty(); }
  // Whether the end of the connection is the proper end of the message.
  bool ends_with_connection() const {
    return state_ == State::kBody && head_.framing == BodyFraming::kUntilClose;
  }

 private:
  enum class State { kHead, kBody, kEnded, kRefused };

  Event step();
  Event read_head();
  Event parse_head();
  BodyFraming framing() const;

  State state_ = State::kEnded;
  bool to_head_request_ = false;
  Input input_;
  Lines lines_;
  HeadCheck check_;
  ResponseHead head_;
  Body body_;
};

}  // namespace watchdog

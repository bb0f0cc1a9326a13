#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "http/framing.h"
#include "http/message.h"

namespace watchdog {

// Reads the answers of a function's server, one after another, whatever protocol it speaks. A pull
// parser:
//
//   kHead      response() is complete and valid until the next kHead
//   kBody      body() is the next piece, never empty, a view into the bytes fed
//   kEnd       the answer is over; after an interim response another one follows
//   kNeedMore  all bytes fed were consumed; feed more
//   kError     problem() says what is wrong
//
// Owned by an UpstreamConnection.
class ResponseReader {
 public:
  virtual ~ResponseReader() = default;

  // The next answer is to a request with this method; before each request's first answer.
  virtual void expect(std::string_view method) = 0;
  // The bytes must live until they are consumed.
  virtual void feed(std::string_view bytes) = 0;
  virtual ReadEvent next() = 0;
  virtual size_t consumed() const = 0;

  virtual const UpstreamResponse& response() const = 0;
  virtual std::string_view body() const = 0;
  // After kEnd: trailer fields, each a line with its CRLF.
  virtual std::string_view trailers() const { return {}; }
  // After kHead: the path that answers instead (RFC 3875 6.2.2); empty: this is the answer.
  virtual std::string_view local_redirect() const { return {}; }
  // What the function wrote for its log since the last call.
  virtual std::string take_errors() { return {}; }

  // For a person.
  virtual std::string problem() const = 0;
  // Whether the problem is that the server has too much to do.
  virtual bool overloaded() const { return false; }

  // Whether anything of an answer has been seen since expect().
  virtual bool begun() const = 0;
  // Whether the answer's own bytes say where it ends. The end of one that has no body by rule alone
  // (to HEAD, or with 204 or 304: RFC 9112 6.3) is not said, and a careless application goes on.
  virtual bool says_its_end() const = 0;
  // Whether the end of the connection is the proper end of the answer.
  virtual bool ends_with_connection() const = 0;
};

}  // namespace watchdog

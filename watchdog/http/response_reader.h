#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "http/framing.h"
#include "http/message.h"

namespace watchdog {

// Reads the responses of the function's own server, one after another, in any protocol. Owned by an
// upstream connection. It is a pull parser:
//
//   kHead      response() is complete and valid until the next kHead
//   kBody      body() is the next piece, never empty, a view into the bytes fed
//   kEnd       the response is over; after an interim response another one follows
//   kNeedMore  all bytes fed were consumed; feed more
//   kError     problem() says what is wrong
class ResponseReader {
 public:
  virtual ~ResponseReader() = default;

  // Says that the next response is to a request with this method. To be called before the first
  // response to each request.
  virtual void expect(std::string_view method) = 0;
  // The bytes must live until they are consumed.
  virtual void feed(std::string_view bytes) = 0;
  virtual ReadEvent next() = 0;
  virtual size_t consumed() const = 0;

  virtual const UpstreamResponse& response() const = 0;
  virtual std::string_view body() const = 0;
  // After kEnd: trailer fields, each a line with its CRLF.
  virtual std::string_view trailers() const { return {}; }
  // After kHead: the path whose response is to be sent instead (a CGI local redirect, RFC 3875
  // 6.2.2); empty where this is the response.
  virtual std::string_view local_redirect() const { return {}; }
  // What the function wrote to its error log since the last call.
  virtual std::string take_errors() { return {}; }

  // What is wrong, in words.
  virtual std::string problem() const = 0;
  // Whether the problem is that the server is overloaded.
  virtual bool overloaded() const { return false; }

  // Whether a byte of a response has been seen since expect().
  virtual bool begun() const = 0;
  // Whether the bytes of the response say where it ends. The end of a response that has no body by
  // rule alone (to HEAD, or with 204 or 304: RFC 9112 6.3) is not said, and a careless application
  // goes on.
  virtual bool says_its_end() const = 0;
  // Whether the end of the connection is the proper end of the response.
  virtual bool ends_with_connection() const = 0;
};

}  // namespace watchdog

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/framing.h"
#include "http/message.h"

namespace watchdog {

// Reads what a CGI program prints (RFC 3875 6): a head of fields, an empty line, the body. A pull
// parser like ResponseReader, but the response ends when finish() says so. Lines may end with LF
// alone.
//
//   Status: 404 Not Found      200 when it is missing, 302 when there is a Location
//   Location: /path?query      alone: the response to that path is sent instead (local_redirect(),
//                              RFC 3875 6.2.2); with other fields or a #fragment it is a
//                              redirect for the client
//   X-Accel-Redirect, X-Sendfile, X-LIGHTTPD-send-file, X-Sendfile-Temporary, X-Sendfile2
//                              name a file for the server to send: response().file_field, never
//                              passed on. The first of that order that is not empty counts
//   any other field            is passed on, also X-Accel-Buffering and the other fields for a
//                              proxy: there may be one in front of us
//
// Refused, as no response can be made of it: a first line that is not a field, a CR or NUL within a
// line, a status outside 200 to 599, a length that is not a number, two different lengths or
// statuses, and a status line of HTTP (programs that are "nph-").
//
// Mended, and named in response().repaired: a later line that is not a field is left out, as is
// Transfer-Encoding; of several Content-Type or Location fields the last one counts; a folded field
// is joined (RFC 9112 5.2); white space before a colon is removed, and a control character becomes
// a space.
class CgiResponseReader {
 public:
  static constexpr size_t kMaxHead = 256 * 1024;
  static constexpr size_t kMaxFields = 1024;

  enum class Head {
    kRequired,
    // A response whose first line is not Status, Content-Type or Location is all body.
    kOptional,
  };
  explicit CgiResponseReader(Head head = Head::kRequired) : head_kind_(head) {}

  // Says that the next response is to a request with this method.
  void expect(std::string_view method);
  void feed(std::string_view bytes);
  // kHead, kBody, kNeedMore or kError.
  ReadEvent next();
  // To be called when the program has ended and next() has returned kNeedMore. Returns kEnd, or
  // kError where the response is incomplete. With an optional head it may return kHead or kBody;
  // then call it again.
  ReadEvent finish();

  const UpstreamResponse& response() const { return head_; }
  // After kHead: whether there was no head, so that the caller adds the fields.
  bool headless() const { return headless_; }
  std::string_view body() const { return body_; }
  std::string_view local_redirect() const { return local_redirect_; }
  const std::string& problem() const { return problem_; }
  // Whether any byte has been seen.
  bool begun() const { return state_ != State::kHead || !text_.empty(); }
  // Whether the body has the length that Content-Length promised.
  bool complete() const {
    return state_ == State::kBody && head_.content_length && remaining_ == 0;
  }

 private:
  enum class State { kHead, kBody, kRefused };
  // A field: where it begins in text_, the length of its name, and its length with the value.
  struct Line {
    size_t start;
    size_t name;
    size_t size;
  };

  ReadEvent read_head();
  ReadEvent take_line(size_t size);
  ReadEvent refuse_first_line(std::string_view line);
  void replace_controls(size_t size);
  void join_folded_line(size_t end);
  ReadEvent end_head();
  // Takes a field into the head, or says what is wrong with it.
  std::optional<std::string> add_field(std::string_view name, std::string_view value);
  std::optional<std::string> read_length(std::string_view value);
  std::optional<std::string> read_status(std::string_view value);
  void choose_status();
  void start_body();
  ReadEvent start_headless_body();
  ReadEvent read_body();
  ReadEvent refuse(std::string problem);
  bool may_begin_head() const;
  void note_repair(std::string_view what);

  Head head_kind_;
  State state_ = State::kHead;
  bool no_body_ = false;  // the answer has none, whatever is printed
  bool to_head_request_ = false;
  bool headless_ = false;
  std::string_view input_;
  std::string text_;  // of the head, and of what may become one
  size_t line_start_ = 0;
  std::vector<Line> lines_;
  bool last_line_left_out_ = false;
  std::string_view repaired_{};
  UpstreamResponse head_;
  std::string_view body_;
  uint64_t remaining_ = 0;  // of the body, when its length is known
  std::string local_redirect_;
  std::string problem_;
};

}  // namespace watchdog

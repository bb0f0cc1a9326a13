#include "http/http_response_reader.h"

#include <utility>

#include "base/text.h"
#include "http/head_parser.h"

namespace watchdog {

namespace {

constexpr size_t kMinorVersion = std::string_view("HTTP/1.").size();

}  // namespace

void HttpResponseReader::expect(std::string_view method) {
  to_head_request_ = method == "HEAD";
  state_ = State::kHead;
  check_ = HeadCheck(Sender::kFunction);
  lines_.clear();
}

std::string HttpResponseReader::problem() const {
  return std::string("its answer is not HTTP: ").append(error().reason);
}

HttpResponseReader::Event HttpResponseReader::next() {
  const Event event = step();
  if (event == Event::kError) state_ = State::kRefused;
  if (event != Event::kEnd) return event;
  if (head_.interim()) {
    state_ = State::kHead;
    check_ = HeadCheck(Sender::kFunction);
    lines_.clear();
  } else {
    state_ = State::kEnded;
  }
  return event;
}

HttpResponseReader::Event HttpResponseReader::step() {
  switch (state_) {
    case State::kHead:
      return read_head();
    case State::kBody:
      return body_.next(input_);
    case State::kEnded:
      if (input_.empty()) return Event::kNeedMore;
      return input_.refuse({502, "bytes after the end of the response"});
    case State::kRefused:
      break;
  }
  return Event::kError;
}

HttpResponseReader::Event HttpResponseReader::read_head() {
  for (;;) {
    const bool first = lines_.in_first_line();
    if (const auto event = lines_.take(input_, kMaxHead, {502, "too large a header section"})) {
      return *event;
    }
    if (!first) lines_.close_up_name();
    const std::string_view line = lines_.line();
    if (line.empty() && !first) return parse_head();
    const auto refused = first ? check_.status_line(line) : check_.field_line(line);
    if (refused) return input_.refuse(*refused);
    if (check_.fields() > kMaxFields) return input_.refuse({502, "too many header fields"});
    if (first && line[kMinorVersion] != '0') lines_.put(kMinorVersion, '1');
    lines_.start_line();
  }
}

// Says the length once, or not at all where the body is chunked.
void HttpResponseReader::mend_length() {
  std::string mended;
  for (std::string_view rest = lines_.text(); !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find("\r\n") + 2);
    rest.remove_prefix(line.size());
    if (equals_ignoring_case(line.substr(0, line.find(':')), "content-length")) continue;
    const bool last = rest.empty();
    if (last && check_.has_length()) {
      append_number(mended.append("Content-Length: "), check_.content_length());
      mended += "\r\n";
    }
    mended += line;
  }
  lines_.replace(std::move(mended));
}

HttpResponseReader::Event HttpResponseReader::parse_head() {
  if (const auto refused = check_.end()) return input_.refuse(*refused);
  head_.repaired = lines_.mended();
  if (check_.length_is_mended()) {
    head_.repaired = "more than one length";
    mend_length();
  }
  head_.fields.clear();
  head_.fields.reserve(check_.fields());
  HeadParts parts;
  if (!watchdog::parse_head(HTTP_RESPONSE, lines_.text(), parts, head_.fields)) {
    return input_.refuse({502, "malformed response"});
  }
  head_.status = parts.status;
  head_.reason = parts.reason;
  head_.minor_version = parts.minor_version;
  head_.framing = framing();
  head_.content_length.reset();
  if (check_.has_length()) head_.content_length = check_.content_length();
  if (!head_.connection.read(head_.fields)) {
    return input_.refuse({502, "too many options in Connection"});
  }
  const bool wanted = head_.minor_version >= 1 || head_.connection.keep_alive();
  head_.keep_alive = wanted && !head_.connection.close() &&
                     head_.framing != BodyFraming::kUntilClose && !check_.poisons_connection();
  const bool sized = head_.framing == BodyFraming::kSized;
  body_.start(head_.framing, sized ? check_.content_length() : 0);
  state_ = State::kBody;
  return Event::kHead;
}

// RFC 9112 6.3.
BodyFraming HttpResponseReader::framing() const {
  const bool no_body =
      to_head_request_ || head_.status < 200 || head_.status == 204 || head_.status == 304;
  if (no_body) return BodyFraming::kNone;
  if (check_.chunked()) return BodyFraming::kChunked;
  return check_.has_length() ? BodyFraming::kSized : BodyFraming::kUntilClose;
}

}  // namespace watchdog

#include "http/request_reader.h"

#include "http/framing.h"
#include "http/head_parser.h"

namespace watchdog {

namespace {

using Event = RequestReader::Event;

// RFC 9112 2.2 asks us to ignore some before a request line.
constexpr int kMostEmptyLines = 4;
// Beyond its target a request line holds a method, a version and two spaces.
constexpr size_t kRestOfRequestLine = 64;
constexpr size_t kUsualHead = 1024;
// Fields that a request is given beside its own: Host, and those of forwarded.h.
constexpr size_t kMostAdded = 4;

}  // namespace

struct RequestReader::Parser {
  enum class State {
    kBetween,  // perhaps in empty lines
    kHead,
    kBody,  // or at the end of a message that has none
    kRefused,
  };

  Event next() {
    const Event event = step();
    if (event == Event::kEnd) state = State::kBetween;
    if (event == Event::kError) state = State::kRefused;
    return event;
  }

  Event step() {
    switch (state) {
      case State::kBetween:
        return skip_empty_lines();
      case State::kHead:
        return read_head();
      case State::kBody:
        return body.next(input);
      case State::kRefused:
        break;
    }
    return Event::kError;
  }

  Event skip_empty_lines() {
    for (; !input.empty(); input.take(1)) {
      const char c = input.rest().front();
      if (!after_cr && c != '\r') return start_head();
      if (after_cr && c != '\n') return input.refuse({400, "a CR without LF"});
      if (after_cr && ++empty_lines > kMostEmptyLines) {
        return input.refuse({400, "too many empty lines before a request"});
      }
      after_cr = !after_cr;
    }
    return Event::kNeedMore;
  }

  Event start_head() {
    state = State::kHead;
    empty_lines = 0;
    check = HeadCheck(Sender::kClient);
    head.clear();
    head.reserve(kUsualHead);
    return read_head();
  }

  Event read_head() {
    for (;;) {
      const bool first = head.in_first_line();
      const auto event = first ? head.take(input, kMaxTarget + kRestOfRequestLine,
                                           {414, "too long a request line"})
                               : head.take(input, kMaxHead, {431, "too large a header section"});
      if (event) return *event;
      const std::string_view line = head.line();
      if (line.empty()) return parse_head();
      const auto refused = first ? check.request_line(line, kMaxTarget) : check.field_line(line);
      if (refused) return input.refuse(*refused);
      if (check.fields() > kMaxFields) return input.refuse({431, "too many header fields"});
      if (first && !line.ends_with('0')) head.put(line.size() - 1, '1');  // HTTP/1.2 is 1.1 to us
      head.start_line();
    }
  }

  Event parse_head() {
    if (const auto refused = check.end()) return input.refuse(*refused);
    const std::string_view text = head.text();
    request.method = text.substr(0, text.find(' '));
    request.fields.clear();
    request.fields.reserve(check.fields() + kMostAdded);
    request.framing = framing();
    request.content_length = check.content_length();

    HeadParts parts;
    if (!watchdog::parse_head(HTTP_REQUEST, text, parts, request.fields)) {
      return input.refuse({400, "malformed request"});
    }
    request.target = parts.target;
    request.minor_version = parts.minor_version;
    // RFC 9112 3.2.2: what Host says beside an absolute target is ignored.
    if (!request.target.starts_with('/') && request.target != "*") {
      request.fields.set("Host", request.authority());
    }
    if (!request.connection.read(request.fields)) {
      return input.refuse({400, "too many options in Connection"});
    }
    read_options();

    body.start(request.framing, request.content_length);
    state = State::kBody;
    return Event::kHead;
  }

  BodyFraming framing() const {
    if (check.chunked()) return BodyFraming::kChunked;
    return check.content_length() > 0 ? BodyFraming::kSized : BodyFraming::kNone;
  }

  // RFC 9112 9.3, RFC 9110 10.1.1.
  void read_options() {
    const bool http_1_1 = request.minor_version >= 1;
    const ConnectionOptions& connection = request.connection;
    request.keep_alive = (http_1_1 || connection.keep_alive()) && !connection.close();
    request.expects_continue =
        http_1_1 && request.has_body() && request.fields.lists("expect", "100-continue");
  }

  State state = State::kBetween;
  bool after_cr = false;
  int empty_lines = 0;
  Input input;
  Lines head{Sender::kClient};
  HeadCheck check{Sender::kClient};
  RequestHead request;
  Body body{Sender::kClient};
};

RequestReader::RequestReader() : parser_(std::make_unique<Parser>()) {}

RequestReader::~RequestReader() = default;

void RequestReader::feed(std::string_view bytes) {
  parser_->input.bytes = bytes;
  parser_->input.used = 0;
}

RequestReader::Event RequestReader::next() {
  return parser_->next();
}

size_t RequestReader::consumed() const {
  return parser_->input.used;
}

const RequestHead& RequestReader::request() const {
  return parser_->request;
}

RequestHead& RequestReader::request() {
  return parser_->request;
}

std::string_view RequestReader::body() const {
  return parser_->body.piece();
}

std::string_view RequestReader::trailers() const {
  return parser_->body.trailers();
}

const Refusal& RequestReader::error() const {
  return parser_->input.refusal;
}

bool RequestReader::between_messages() const {
  return parser_->state == Parser::State::kBetween;
}

void RequestReader::shrink() {
  parser_->request = RequestHead();
  parser_->head.free();
  parser_->body.shrink();
}

}  // namespace watchdog

#include "http/reader.h"

#include <llhttp.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"

namespace watchdog {

namespace {

using Event = Reader::Event;

// RFC 9112 2.2 asks us to ignore some before a request line.
constexpr int kMostEmptyLines = 4;
// Beyond its target a request line holds a method, a version and two spaces.
constexpr size_t kRestOfRequestLine = 64;
constexpr size_t kUsualHead = 1024;

// The bytes fed, how many of them have been used, and what is wrong with them.
struct Input {
  std::string_view bytes;
  size_t used = 0;
  Refusal refusal;

  bool empty() const { return used == bytes.size(); }
  std::string_view rest() const { return bytes.substr(used); }
  std::string_view take(uint64_t most) {
    const auto size = static_cast<size_t>(std::min<uint64_t>(most, bytes.size() - used));
    used += size;
    return bytes.substr(used - size, size);
  }
  Event refuse(const Refusal& why) {
    refusal = why;
    return Event::kError;
  }
};

// Text gathered line by line from pieces of any size. Bytes are looked at in their order, and a
// limit is met at the same byte however they come: so is the first thing that is wrong.
class Lines {
 public:
  // Takes input up to the end of a line, or all of it, and holds no more than `most` bytes. None
  // when line() is complete.
  std::optional<Event> take(Input& input, size_t most, const Refusal& too_long) {
    const std::string_view rest = input.rest();
    const size_t newline = rest.find('\n');
    const size_t wanted = newline == std::string_view::npos ? rest.size() : newline + 1;
    const size_t room = most - text_.size();
    const bool fits = wanted <= room;
    const bool complete = fits && newline != std::string_view::npos;
    // A CR at the end of the last piece waits for its LF.
    const size_t unchecked = text_.ends_with('\r') ? text_.size() - 1 : text_.size();
    text_.append(input.take(std::min(wanted, room)));

    std::string_view fresh = std::string_view(text_).substr(unchecked);
    if (complete) fresh.remove_suffix(1);
    const bool ends_with_cr = fresh.ends_with('\r');
    if (ends_with_cr) fresh.remove_suffix(1);
    if (const auto refused = check_line_bytes(fresh)) return input.refuse(*refused);
    if (!fits) return input.refuse(too_long);
    if (!complete) return Event::kNeedMore;
    if (!ends_with_cr) return input.refuse({400, "an LF without CR"});
    return std::nullopt;
  }

  // The line that was just completed, without its CRLF.
  std::string_view line() const {
    return std::string_view(text_).substr(line_start_, text_.size() - line_start_ - 2);
  }
  bool in_first_line() const { return line_start_ == 0; }
  void start_line() { line_start_ = text_.size(); }

  std::string_view text() const { return text_; }
  void clear() {
    text_.clear();
    line_start_ = 0;
  }
  void reserve(size_t size) { text_.reserve(size); }
  void free() { *this = Lines(); }

 private:
  std::string text_;
  size_t line_start_ = 0;
};

// The body of a message, however it is framed (RFC 9112 6 and 7).
class Body {
 public:
  void start(BodyFraming framing, uint64_t length) {
    remaining_ = length;
    state_ = framing == BodyFraming::kChunked ? State::kChunkLine : State::kSized;
  }

  Event next(Input& input) {
    for (;;) {
      if (const auto event = step(input)) return *event;
    }
  }

  std::string_view piece() const { return piece_; }
  void shrink() { lines_.free(); }

 private:
  enum class State { kSized, kChunkLine, kChunkData, kChunkEnd, kTrailers };

  // None when there is nothing to tell yet.
  std::optional<Event> step(Input& input) {
    switch (state_) {
      case State::kSized:
        return remaining_ > 0 ? take_piece(input) : Event::kEnd;
      case State::kChunkLine:
        return read_chunk_line(input);
      case State::kChunkData:
        if (remaining_ > 0) return take_piece(input);
        state_ = State::kChunkEnd;
        return std::nullopt;
      case State::kChunkEnd:
        return read_chunk_end(input);
      case State::kTrailers:
        return read_trailer(input);
    }
    return std::nullopt;
  }

  Event take_piece(Input& input) {
    piece_ = input.take(remaining_);
    remaining_ -= piece_.size();
    return piece_.empty() ? Event::kNeedMore : Event::kBody;
  }

  std::optional<Event> read_chunk_line(Input& input) {
    const auto event =
        lines_.take(input, Reader::kMaxChunkLine, {400, "too long a chunk size and extension"});
    if (event) return event;
    if (const auto refused = check_chunk_line(lines_.line(), remaining_)) {
      return input.refuse(*refused);
    }
    lines_.clear();
    state_ = remaining_ > 0 ? State::kChunkData : State::kTrailers;
    return std::nullopt;
  }

  std::optional<Event> read_chunk_end(Input& input) {
    constexpr std::string_view kEnd = "\r\n";
    for (; chunk_end_ < kEnd.size(); ++chunk_end_) {
      if (input.empty()) return Event::kNeedMore;
      if (input.take(1).front() != kEnd[chunk_end_]) {
        return input.refuse({400, "no CRLF after a chunk"});
      }
    }
    chunk_end_ = 0;
    state_ = State::kChunkLine;
    return std::nullopt;
  }

  // Trailers are checked and dropped: a function has no place for them.
  std::optional<Event> read_trailer(Input& input) {
    const auto event =
        lines_.take(input, Reader::kMaxTrailers, {431, "too large a trailer section"});
    if (event) return event;
    if (lines_.line().empty()) {
      lines_.clear();
      return Event::kEnd;
    }
    if (const auto refused = check_field_line(lines_.line())) return input.refuse(*refused);
    lines_.start_line();
    return std::nullopt;
  }

  State state_ = State::kSized;
  uint64_t remaining_ = 0;  // bytes of the body, or of the chunk
  size_t chunk_end_ = 0;    // bytes seen of the CRLF after a chunk
  std::string_view piece_;
  Lines lines_;
};

// What llhttp finds in a head, as views into it.
struct Found {
  RequestHead& head;
  std::string_view name{};
  std::string_view value{};
};

Found& found(llhttp_t* parser) {
  return *static_cast<Found*>(parser->data);
}

constexpr llhttp_settings_t kCallbacks = [] {
  llhttp_settings_t callbacks{};
  callbacks.on_url = [](llhttp_t* parser, const char* at, size_t size) {
    found(parser).head.target = {at, size};
    return 0;
  };
  callbacks.on_header_field = [](llhttp_t* parser, const char* at, size_t size) {
    found(parser).name = {at, size};
    return 0;
  };
  callbacks.on_header_value = [](llhttp_t* parser, const char* at, size_t size) {
    found(parser).value = {at, size};
    return 0;
  };
  callbacks.on_header_value_complete = [](llhttp_t* parser) {
    Found& here = found(parser);
    here.head.fields.add(here.name, trim(std::exchange(here.value, {})));
    return 0;
  };
  // The head is all that llhttp gets: it must neither frame a body nor switch protocols.
  callbacks.on_headers_complete = [](llhttp_t*) -> int { return HPE_PAUSED; };
  return callbacks;
}();

}  // namespace

struct Reader::Parser {
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
    check = HeadCheck();
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
      head.start_line();
    }
  }

  Event parse_head() {
    if (const auto refused = check.end()) return input.refuse(*refused);
    const std::string_view text = head.text();
    request.method = text.substr(0, text.find(' '));
    request.fields.clear();
    request.fields.reserve(check.fields());
    request.framing = check.framing();
    request.content_length = check.content_length();

    Found here{request};
    llhttp_t parser;
    llhttp_init(&parser, HTTP_REQUEST, &kCallbacks);
    parser.data = &here;
    if (llhttp_execute(&parser, text.data(), text.size()) != HPE_PAUSED) {
      return input.refuse({400, "malformed request"});
    }
    request.minor_version = parser.http_minor;
    read_options();

    body.start(request.framing, request.content_length);
    state = State::kBody;
    return Event::kHead;
  }

  // RFC 9112 9.3, RFC 9110 10.1.1.
  void read_options() {
    const bool http_1_1 = request.minor_version >= 1;
    const bool wanted = http_1_1 || request.fields.lists("connection", "keep-alive");
    request.keep_alive = wanted && !request.fields.lists("connection", "close");
    request.expects_continue =
        http_1_1 && request.has_body() && request.fields.lists("expect", "100-continue");
  }

  State state = State::kBetween;
  bool after_cr = false;
  int empty_lines = 0;
  Input input;
  Lines head;
  HeadCheck check;
  RequestHead request;
  Body body;
};

Reader::Reader() : parser_(std::make_unique<Parser>()) {}

Reader::~Reader() = default;

void Reader::feed(std::string_view bytes) {
  parser_->input.bytes = bytes;
  parser_->input.used = 0;
}

Reader::Event Reader::next() {
  return parser_->next();
}

size_t Reader::consumed() const {
  return parser_->input.used;
}

const RequestHead& Reader::request() const {
  return parser_->request;
}

std::string_view Reader::body() const {
  return parser_->body.piece();
}

const Refusal& Reader::error() const {
  return parser_->input.refusal;
}

bool Reader::between_messages() const {
  return parser_->state == Parser::State::kBetween;
}

void Reader::shrink() {
  parser_->request = RequestHead();
  parser_->head.free();
  parser_->body.shrink();
}

}  // namespace watchdog

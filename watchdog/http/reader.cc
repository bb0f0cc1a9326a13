#include "http/reader.h"

#include <llhttp.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"

namespace watchdog {

namespace {

// RFC 9112 2.2 asks us to ignore some before a request line.
constexpr int kMostEmptyLines = 4;
// Beyond the target the request line holds a method, a version and two spaces.
constexpr size_t kRestOfRequestLine = 64;
// A head that was larger is not kept while a connection is idle.
constexpr size_t kSmallHead = 4096;

// What llhttp finds in a head, as views into it.
struct Found {
  RequestHead* head;
  std::string_view name;
  std::string_view value;
};

Found& found(llhttp_t* parser) {
  return *static_cast<Found*>(parser->data);
}

const llhttp_settings_t& callbacks() {
  static const llhttp_settings_t settings = [] {
    llhttp_settings_t s;
    llhttp_settings_init(&s);
    s.on_url = [](llhttp_t* parser, const char* at, size_t size) {
      found(parser).head->target = {at, size};
      return 0;
    };
    s.on_header_field = [](llhttp_t* parser, const char* at, size_t size) {
      if (size > 0) found(parser).name = {at, size};
      return 0;
    };
    s.on_header_value = [](llhttp_t* parser, const char* at, size_t size) {
      if (size > 0) found(parser).value = {at, size};
      return 0;
    };
    s.on_header_value_complete = [](llhttp_t* parser) {
      Found& here = found(parser);
      here.head->fields.add(here.name, trim(here.value));
      here.value = {};
      return 0;
    };
    // The head is all that it gets; what follows is ours to count, upgrade or not.
    s.on_headers_complete = [](llhttp_t* parser) {
      parser->upgrade = 0;
      return static_cast<int>(HPE_PAUSED);
    };
    return s;
  }();
  return settings;
}

}  // namespace

struct Reader::Parser {
  enum class State { kHead, kSized, kChunkLine, kChunkData, kChunkEnd, kTrailers, kEnd, kRefused };
  enum class Line { kIncomplete, kComplete, kRefused };

  State state = State::kHead;
  std::string_view input;
  size_t used = 0;
  std::string text;       // the head, or the line of a chunk or trailer, as far as it has come
  size_t line_start = 0;  // in text, of the line that is being gathered
  size_t lines = 0;
  int empty_lines = 0;
  uint64_t remaining = 0;  // bytes of the body, or of the chunk
  RequestHead request;
  std::string_view body;
  Refusal refusal;

  Event refuse(const Refusal& why) {
    state = State::kRefused;
    refusal = why;
    return Event::kError;
  }

  // Takes input up to the next LF into text. On kComplete the line stands at line_start, without
  // its CRLF being looked at by anybody else.
  Line gather_line(size_t most, const Refusal& too_long) {
    const std::string_view rest = input.substr(used);
    const size_t newline = rest.find('\n');
    const size_t size = newline == std::string_view::npos ? rest.size() : newline + 1;
    if (text.size() + size > most) {
      refuse(too_long);
      return Line::kRefused;
    }
    const size_t checked = std::max(line_start, text.size() - (text.ends_with('\r') ? 1 : 0));
    text.append(rest.substr(0, size));
    used += size;
    const bool complete = newline != std::string_view::npos;
    if (complete && !text.ends_with("\r\n")) {
      refuse({400, "an LF without CR"});
      return Line::kRefused;
    }
    std::string_view fresh = std::string_view(text).substr(checked);
    if (complete) fresh.remove_suffix(std::min<size_t>(fresh.size(), 2));
    if (complete && fresh.ends_with('\r')) {
      refuse({400, "a CR without LF"});
      return Line::kRefused;
    }
    if (const auto wrong = check_line_bytes(fresh)) {
      refuse(*wrong);
      return Line::kRefused;
    }
    return complete ? Line::kComplete : Line::kIncomplete;
  }

  std::string_view line() const {
    return std::string_view(text).substr(line_start, text.size() - line_start - 2);
  }

  void start_line() { line_start = text.size(); }

  void start_text() {
    text.clear();
    line_start = 0;
    lines = 0;
  }

  Event read_head() {
    for (;;) {
      const bool first = lines == 0;
      const Line got = first ? gather_line(kMaxTarget + kRestOfRequestLine,
                                           {414, "the request target is too long"})
                             : gather_line(kMaxHead, {431, "the header is too large"});
      if (got == Line::kRefused) return Event::kError;
      if (got == Line::kIncomplete) return Event::kNeedMore;
      if (line().empty() && !first) return parse_head();
      if (line().empty()) {
        if (++empty_lines > kMostEmptyLines) return refuse({400, "empty lines before a request"});
        start_text();
        continue;
      }
      if (lines > kMaxFields) return refuse({431, "too many header fields"});
      const auto wrong = first ? check_request_line(line()) : check_field_line(line());
      if (wrong) return refuse(*wrong);
      ++lines;
      start_line();
    }
  }

  Event parse_head() {
    empty_lines = 0;
    request.method = std::string_view(text).substr(0, text.find(' '));
    request.fields.clear();
    request.framing = BodyFraming::kNone;
    request.content_length = 0;
    Found here{&request, {}, {}};
    llhttp_t parser;
    llhttp_init(&parser, HTTP_REQUEST, &callbacks());
    parser.data = &here;
    const llhttp_errno_t error = llhttp_execute(&parser, text.data(), text.size());
    if (error != HPE_PAUSED) return refuse({400, "not an HTTP request"});
    request.minor_version = parser.http_minor;
    if (request.target.size() > kMaxTarget) return refuse({414, "the request target is too long"});
    if (const auto wrong = complete_head(request)) return refuse(*wrong);
    state = State::kEnd;
    if (request.framing == BodyFraming::kSized) {
      state = State::kSized;
      remaining = request.content_length;
    } else if (request.framing == BodyFraming::kChunked) {
      state = State::kChunkLine;
      chunk.clear();
    }
    return Event::kHead;
  }

  // The bytes of the body, or of a chunk, that are here.
  bool take_body() {
    const std::string_view rest = input.substr(used);
    body = rest.substr(0, static_cast<size_t>(std::min<uint64_t>(remaining, rest.size())));
    used += body.size();
    remaining -= body.size();
    return !body.empty();
  }

  // Lines within a chunked body are gathered apart from the head, whose views must stay.
  std::string chunk;

  Line gather_chunk_line(size_t most, const Refusal& too_long) {
    text.swap(chunk);
    const size_t head_line_start = std::exchange(line_start, 0);
    const Line got = gather_line(most, too_long);
    line_start = head_line_start;
    text.swap(chunk);
    return got;
  }

  Event read_chunk_line() {
    const Line got = gather_chunk_line(kMaxChunkLine, {400, "a chunk's line is too long"});
    if (got == Line::kRefused) return Event::kError;
    if (got == Line::kIncomplete) return Event::kNeedMore;
    const std::string_view whole = std::string_view(chunk).substr(0, chunk.size() - 2);
    if (const auto wrong = check_chunk_line(whole, remaining)) return refuse(*wrong);
    chunk.clear();
    trailer_bytes = 0;
    state = remaining > 0 ? State::kChunkData : State::kTrailers;
    return next();
  }

  Event read_chunk_end() {
    while (used < input.size()) {
      const char wanted = chunk.empty() ? '\r' : '\n';
      if (input[used] != wanted) return refuse({400, "a chunk is not followed by CRLF"});
      ++used;
      if (wanted == '\n') {
        chunk.clear();
        state = State::kChunkLine;
        return next();
      }
      chunk = "\r";
    }
    return Event::kNeedMore;
  }

  size_t trailer_bytes = 0;

  // Checked and dropped: a function has no place for them.
  Event read_trailers() {
    for (;;) {
      const Line got =
          gather_chunk_line(kMaxTrailers - trailer_bytes, {431, "the trailers are too large"});
      if (got == Line::kRefused) return Event::kError;
      if (got == Line::kIncomplete) return Event::kNeedMore;
      const std::string_view whole = std::string_view(chunk).substr(0, chunk.size() - 2);
      if (whole.empty()) {
        chunk.clear();
        state = State::kEnd;
        return next();
      }
      if (const auto wrong = check_field_line(whole)) return refuse(*wrong);
      trailer_bytes += chunk.size();
      chunk.clear();
    }
  }

  Event next() {
    switch (state) {
      case State::kHead:
        return read_head();
      case State::kSized:
        if (remaining == 0) {
          state = State::kEnd;
          return next();
        }
        return take_body() ? Event::kBody : Event::kNeedMore;
      case State::kChunkLine:
        return read_chunk_line();
      case State::kChunkData:
        if (remaining == 0) {
          state = State::kChunkEnd;
          return next();
        }
        return take_body() ? Event::kBody : Event::kNeedMore;
      case State::kChunkEnd:
        return read_chunk_end();
      case State::kTrailers:
        return read_trailers();
      case State::kEnd:
        state = State::kHead;
        over = true;
        return Event::kEnd;
      case State::kRefused:
        return Event::kError;
    }
    return Event::kError;
  }

  bool between_messages() const { return state == State::kHead && (over || text.empty()); }

  bool over = true;  // the last message has ended: its head goes when the next one begins
};

Reader::Reader() : parser_(std::make_unique<Parser>()) {}

Reader::~Reader() = default;

void Reader::feed(std::string_view bytes) {
  parser_->input = bytes;
  parser_->used = 0;
}

Reader::Event Reader::next() {
  if (parser_->between_messages()) {
    if (parser_->used == parser_->input.size()) return Event::kNeedMore;
    parser_->over = false;
    parser_->start_text();
  }
  return parser_->next();
}

size_t Reader::consumed() const {
  return parser_->used;
}

const RequestHead& Reader::request() const {
  return parser_->request;
}

std::string_view Reader::body() const {
  return parser_->body;
}

const Refusal& Reader::error() const {
  return parser_->refusal;
}

bool Reader::between_messages() const {
  return parser_->between_messages();
}

void Reader::shrink() {
  if (parser_->text.capacity() > kSmallHead) {
    parser_->text.clear();
    parser_->text.shrink_to_fit();
  }
  parser_->chunk.clear();
  parser_->chunk.shrink_to_fit();
}

}  // namespace watchdog

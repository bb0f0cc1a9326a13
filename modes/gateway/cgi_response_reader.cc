#include "modes/gateway/cgi_response_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <utility>

#include "base/text.h"
#include "http/strict.h"

namespace watchdog {

namespace {

// RFC 3875 6.3: the fields that are for us, one of which each head must have.
constexpr std::array<std::string_view, 3> kCgiFields = {"Status", "Content-Type", "Location"};

// Those that name a file for the server to send; what comes first counts before the others.
constexpr std::array<std::string_view, 5> kFileFields = {"X-Accel-Redirect", "X-Sendfile",
                                                         "X-LIGHTTPD-send-file",
                                                         "X-Sendfile-Temporary", "X-Sendfile2"};

constexpr std::string_view kNoField = "a line that is no header field was left out";
constexpr std::string_view kRepeated = "a field that can only be there once was there again";
constexpr std::string_view kFolded = "a field that was folded over several lines was joined";
constexpr std::string_view kSpaceInName = "white space before a colon was taken off";
constexpr std::string_view kControl = "a control character was replaced by a space";
constexpr std::string_view kCoding =
    "Transfer-Encoding was left out: it is not a program's to choose";
constexpr std::string_view kEmptyHead = "it has no field at all";

size_t rank_of_file_field(std::string_view name) {
  const auto found = std::ranges::find_if(
      kFileFields, [name](std::string_view one) { return equals_ignoring_case(name, one); });
  return static_cast<size_t>(found - kFileFields.begin());
}

}  // namespace

void CgiResponseReader::expect(std::string_view method) {
  const Head kind = head_kind_;
  *this = CgiResponseReader(kind);
  to_head_request_ = method == "HEAD";
}

void CgiResponseReader::feed(std::string_view bytes) {
  input_ = bytes;
}

ReadEvent CgiResponseReader::next() {
  switch (state_) {
    case State::kHead:
      return read_head();
    case State::kBody:
      return read_body();
    case State::kRefused:
      break;
  }
  return ReadEvent::kError;
}

ReadEvent CgiResponseReader::read_head() {
  while (!input_.empty()) {
    const size_t end = input_.find('\n');
    const size_t size = end == std::string_view::npos ? input_.size() : end + 1;
    if (text_.size() + size > kMaxHead) return refuse("its head is larger than 256 KiB");
    text_.append(input_.substr(0, size));
    input_.remove_prefix(size);
    if (head_kind_ == Head::kOptional && lines_.empty() && !may_begin_head()) {
      return start_headless_body();
    }
    if (end == std::string_view::npos) break;
    const size_t line_end = text_.ends_with("\r\n") ? 2 : 1;
    const size_t length = text_.size() - line_start_ - line_end;
    if (const ReadEvent event = take_line(length); event != ReadEvent::kNeedMore) return event;
    line_start_ = text_.size();
  }
  return ReadEvent::kNeedMore;
}

// The line of `size` bytes at line_start_. kNeedMore: the head goes on.
ReadEvent CgiResponseReader::take_line(size_t size) {
  const auto line = std::string_view(text_).substr(line_start_, size);
  if (line.empty()) return end_head();
  if (line.find_first_of(std::string_view("\r\0", 2)) != std::string_view::npos) {
    return refuse(
        fmt::format("line {} of its head: a CR without LF, or a NUL byte", lines_.size() + 1));
  }
  if (check_line_bytes(line)) replace_controls(size);
  if (!lines_.empty() && (line.front() == ' ' || line.front() == '\t')) {
    join_folded_line(line_start_ + size);
    return ReadEvent::kNeedMore;
  }
  const size_t colon = std::min(line.find(':'), line.size());
  const std::string_view name = line.substr(0, line.find_last_not_of(" \t", colon - 1) + 1);
  last_line_left_out_ = colon == line.size() || !is_token(name);
  if (last_line_left_out_) {
    if (lines_.empty()) return refuse_first_line(line);
    note_repair(kNoField);
    return ReadEvent::kNeedMore;
  }
  if (name.size() < colon) note_repair(kSpaceInName);
  if (lines_.size() == kMaxFields) return refuse("its head has more than 1024 fields");
  lines_.push_back({line_start_, name.size(), size});
  return ReadEvent::kNeedMore;
}

ReadEvent CgiResponseReader::refuse_first_line(std::string_view line) {
  if (line.starts_with("HTTP/")) {
    return refuse(
        "it begins with a status line of HTTP, as nph- programs do, which are not supported: print "
        "\"Status: 200\" instead");
  }
  return refuse("it has no CGI head: print \"Content-Type: text/plain\" and an empty line first");
}

void CgiResponseReader::replace_controls(size_t size) {
  for (char& c : std::span(text_).subspan(line_start_, size)) {
    if (check_line_bytes({&c, 1})) c = ' ';
  }
  note_repair(kControl);
}

// RFC 9112 5.2: the line's end, and the space before what goes on, become spaces.
void CgiResponseReader::join_folded_line(size_t end) {
  if (last_line_left_out_) return;  // what goes on was left out
  Line& last = lines_.back();
  std::fill(text_.begin() + static_cast<ptrdiff_t>(last.start + last.size),
            text_.begin() + static_cast<ptrdiff_t>(line_start_), ' ');
  last.size = end - last.start;
  note_repair(kFolded);
}

void CgiResponseReader::note_repair(std::string_view what) {
  if (repaired_.empty()) repaired_ = what;
}

// Whether what there is of the first line may become one that begins a head.
bool CgiResponseReader::may_begin_head() const {
  return std::ranges::any_of(kCgiFields, [this](std::string_view name) {
    const std::string_view text = std::string_view(text_).substr(0, name.size() + 1);
    if (text.size() <= name.size()) return starts_with_ignoring_case(name, text);
    return starts_with_ignoring_case(text, name) && text.back() == ':';
  });
}

ReadEvent CgiResponseReader::start_headless_body() {
  headless_ = true;
  state_ = State::kBody;
  head_ = {.status = 200, .framing = BodyFraming::kUntilClose};
  no_body_ = to_head_request_;
  return ReadEvent::kHead;
}

ReadEvent CgiResponseReader::end_head() {
  head_ = {.status = 0, .framing = BodyFraming::kUntilClose};
  head_.fields.reserve(lines_.size());
  for (const auto& [start, name, size] : lines_) {
    const std::string_view line = std::string_view(text_).substr(start, size);
    const std::string_view value = trim(line.substr(line.find(':') + 1));
    if (auto problem = add_field(line.substr(0, name), value)) return refuse(std::move(*problem));
  }
  if (lines_.empty()) note_repair(kEmptyHead);
  head_.repaired = repaired_;
  choose_status();
  start_body();
  return ReadEvent::kHead;
}

std::optional<std::string> CgiResponseReader::add_field(std::string_view name,
                                                        std::string_view value) {
  const auto is = [name](std::string_view other) { return equals_ignoring_case(name, other); };
  if (is("status")) return read_status(value);
  if (is("content-length")) return read_length(value);
  if (is("transfer-encoding")) {
    note_repair(kCoding);
  } else if (const size_t rank = rank_of_file_field(name); rank < kFileFields.size()) {
    if (!value.empty() && rank < rank_of_file_field(head_.file_field.name)) {
      head_.file_field = {kFileFields[rank], value};
    }
  } else if (is("content-type") || is("location")) {
    if (head_.fields.find(name) != nullptr) note_repair(kRepeated);
    head_.fields.set(name, value);
  } else {
    head_.fields.add(name, value);
  }
  return std::nullopt;
}

std::optional<std::string> CgiResponseReader::read_length(std::string_view value) {
  const auto length = parse_integer(value, 0, std::numeric_limits<int64_t>::max());
  if (!length) return "its Content-Length is not a number";
  if (head_.content_length) {
    if (*head_.content_length != static_cast<uint64_t>(*length)) {
      return "its head has two different Content-Length fields";
    }
    note_repair(kRepeated);
    return std::nullopt;
  }
  head_.content_length = static_cast<uint64_t>(*length);
  head_.fields.add("Content-Length", value);
  return std::nullopt;
}

// "404", "404 Not Found".
std::optional<std::string> CgiResponseReader::read_status(std::string_view value) {
  const size_t space = std::min(value.find_first_of(" \t"), value.size());
  const auto status = parse_integer(value.substr(0, space), 200, 599);
  if (!status || space != 3) return "its Status is not a number from 200 to 599";
  if (head_.status != 0) {
    if (head_.status != *status) return "its head has two different Status fields";
    note_repair(kRepeated);
  }
  head_.status = static_cast<int>(*status);
  head_.reason = trim(value.substr(space));
  return std::nullopt;
}

// RFC 3875 6.2: what a head without Status means.
void CgiResponseReader::choose_status() {
  if (head_.status != 0) return;
  const Field* location = head_.fields.find("location");
  head_.status = location == nullptr ? 200 : 302;
  const bool alone = head_.fields.size() == 1 && head_.file_field.value.empty();
  if (location == nullptr || !alone) return;
  const std::string_view target = location->value;
  const bool local = target.starts_with('/') && !target.starts_with("//");
  if (local && target.find('#') == std::string_view::npos) local_redirect_ = target;
}

void CgiResponseReader::start_body() {
  state_ = State::kBody;
  line_start_ = text_.size();
  no_body_ = to_head_request_ || !response_has_body({}, head_.status);
  if (no_body_) {
    head_.framing = BodyFraming::kNone;
  } else if (head_.content_length) {
    head_.framing = BodyFraming::kSized;
    remaining_ = *head_.content_length;
  }
}

ReadEvent CgiResponseReader::read_body() {
  // What began as a head and was none comes first.
  if (headless_ && line_start_ < text_.size()) {
    body_ = std::string_view(text_).substr(line_start_);
    line_start_ = text_.size();
    if (!no_body_) return ReadEvent::kBody;
  }
  body_ = std::exchange(input_, {});
  if (no_body_) return ReadEvent::kNeedMore;
  if (head_.content_length) {
    body_ = body_.substr(0, static_cast<size_t>(std::min<uint64_t>(remaining_, body_.size())));
    remaining_ -= body_.size();
  }
  return body_.empty() ? ReadEvent::kNeedMore : ReadEvent::kBody;
}

ReadEvent CgiResponseReader::finish() {
  if (state_ == State::kRefused) return ReadEvent::kError;
  if (state_ == State::kHead) {
    if (head_kind_ == Head::kOptional && lines_.empty()) return start_headless_body();
    return refuse(text_.empty() ? "it printed nothing: an answer begins with a CGI head"
                                : "it ended in the middle of its head");
  }
  if (headless_ && line_start_ < text_.size() && read_body() == ReadEvent::kBody) {
    return ReadEvent::kBody;
  }
  if (!no_body_ && head_.content_length && remaining_ > 0) {
    return refuse(fmt::format("it ended {} bytes before its Content-Length", remaining_));
  }
  return ReadEvent::kEnd;
}

ReadEvent CgiResponseReader::refuse(std::string problem) {
  problem_ = std::move(problem);
  state_ = State::kRefused;
  return ReadEvent::kError;
}

}  // namespace watchdog

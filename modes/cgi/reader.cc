#include "modes/cgi/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/text.h"
#include "http/strict.h"

namespace watchdog {

namespace {

// RFC 3875 6.3: the fields that are for us, one of which each head must have.
constexpr std::array<std::string_view, 3> kCgiFields = {"Status", "Content-Type", "Location"};
constexpr std::array<std::string_view, 4> kOnce = {"status", "location", "content-type",
                                                   "content-length"};

bool starts_with_ignoring_case(std::string_view text, std::string_view start) {
  return equals_ignoring_case(text.substr(0, start.size()), start);
}

}  // namespace

void CgiReader::expect(std::string_view method) {
  const Head kind = head_kind_;
  *this = CgiReader(kind);
  to_head_request_ = method == "HEAD";
}

void CgiReader::feed(std::string_view bytes) {
  input_ = bytes;
}

ReadEvent CgiReader::next() {
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

ReadEvent CgiReader::read_head() {
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
    std::string_view line = std::string_view(text_).substr(line_start_);
    line.remove_suffix(line.ends_with("\r\n") ? 2 : 1);
    if (const ReadEvent event = take_line(line); event != ReadEvent::kNeedMore) return event;
    line_start_ = text_.size();
  }
  return ReadEvent::kNeedMore;
}

// kNeedMore: the head goes on.
ReadEvent CgiReader::take_line(std::string_view line) {
  if (line.empty()) return end_head();
  if (lines_.empty() && line.starts_with("HTTP/")) {
    return refuse(
        "it begins with a status line of HTTP, as nph- programs do, which are not supported: print "
        "\"Status: 200\" instead");
  }
  auto refused = check_line_bytes(line);
  if (!refused) refused = check_field_line(line);
  if (refused) {
    const size_t end_of_name = line.find_first_of(": <");
    const bool looks_like_field = end_of_name != std::string_view::npos && line[end_of_name] == ':';
    if (lines_.empty() && !looks_like_field) {
      return refuse(
          "it has no CGI head: print \"Content-Type: text/plain\" and an empty line first");
    }
    return refuse(fmt::format("line {} of its head: {}", lines_.size() + 1, refused->reason));
  }
  if (lines_.size() == kMaxFields) return refuse("its head has more than 1024 fields");
  lines_.emplace_back(line_start_, line.size());
  return ReadEvent::kNeedMore;
}

// Whether what there is of the first line may become one that begins a head.
bool CgiReader::may_begin_head() const {
  return std::ranges::any_of(kCgiFields, [this](std::string_view name) {
    const std::string_view text = std::string_view(text_).substr(0, name.size() + 1);
    if (text.size() <= name.size()) return starts_with_ignoring_case(name, text);
    return starts_with_ignoring_case(text, name) && text.back() == ':';
  });
}

ReadEvent CgiReader::start_headless_body() {
  headless_ = true;
  state_ = State::kBody;
  head_ = {.status = 200, .framing = BodyFraming::kUntilClose};
  no_body_ = to_head_request_;
  return ReadEvent::kHead;
}

ReadEvent CgiReader::end_head() {
  head_ = {.status = 0, .framing = BodyFraming::kUntilClose};
  std::array<unsigned, kOnce.size()> seen{};
  std::string_view location;
  head_.fields.reserve(lines_.size());
  for (const auto& [start, size] : lines_) {
    const std::string_view line = std::string_view(text_).substr(start, size);
    const size_t colon = line.find(':');
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trim(line.substr(colon + 1));
    for (size_t i = 0; i < kOnce.size(); ++i) {
      if (equals_ignoring_case(name, kOnce[i]) && ++seen[i] > 1) {
        return refuse(fmt::format("its head has more than one {}", name));
      }
    }
    if (equals_ignoring_case(name, "status")) {
      if (!read_status(value)) return refuse("its Status is not a number from 200 to 599");
      continue;
    }
    if (equals_ignoring_case(name, "transfer-encoding")) {
      return refuse("its head has a Transfer-Encoding, which is not a program's to choose");
    }
    if (equals_ignoring_case(name, "content-length")) {
      const auto length = parse_integer(value, 0, std::numeric_limits<int64_t>::max());
      if (!length) return refuse("its Content-Length is not a number");
      head_.content_length = static_cast<uint64_t>(*length);
    }
    if (equals_ignoring_case(name, "location")) location = value;
    head_.fields.add(name, value);
  }
  if (lines_.empty()) return refuse("its head is empty: it needs Content-Type, Location or Status");
  if (head_.status == 0) {
    const bool local = location.starts_with('/') && !location.starts_with("//");
    if (local) local_redirect_ = location;
    head_.status = location.empty() ? 200 : 302;
  }
  state_ = State::kBody;
  no_body_ = to_head_request_ || !response_has_body({}, head_.status);
  if (no_body_) {
    head_.framing = BodyFraming::kNone;
  } else if (head_.content_length) {
    head_.framing = BodyFraming::kSized;
    remaining_ = *head_.content_length;
  }
  line_start_ = text_.size();
  return ReadEvent::kHead;
}

// "404", "404 Not Found".
bool CgiReader::read_status(std::string_view value) {
  const size_t space = std::min(value.find_first_of(" \t"), value.size());
  const auto status = parse_integer(value.substr(0, space), 200, 599);
  if (!status || space != 3) return false;
  head_.status = static_cast<int>(*status);
  head_.reason = trim(value.substr(space));
  return true;
}

ReadEvent CgiReader::read_body() {
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

ReadEvent CgiReader::finish() {
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

ReadEvent CgiReader::refuse(std::string problem) {
  problem_ = std::move(problem);
  state_ = State::kRefused;
  return ReadEvent::kError;
}

}  // namespace watchdog

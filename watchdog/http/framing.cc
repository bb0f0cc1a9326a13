#include "http/framing.h"

#include <limits>

namespace watchdog {

std::optional<ReadEvent> Lines::take(Input& input, size_t most, const Refusal& too_long) {
  const std::string_view rest = input.rest();
  const size_t newline = rest.find('\n');
  const size_t wanted = newline == std::string_view::npos ? rest.size() : newline + 1;
  const size_t room = most - std::min(most, text_.size());
  const bool fits = wanted <= room;
  const bool complete = fits && newline != std::string_view::npos;
  // A CR at the end of the last piece waits for its LF.
  const size_t unchecked = text_.ends_with('\r') ? text_.size() - 1 : text_.size();
  text_.append(input.take(std::min(wanted, room)));
  if (sender_ == Sender::kFunction) {
    mend(unchecked, complete);
  } else {
    std::string_view fresh = std::string_view(text_).substr(unchecked);
    if (complete) fresh.remove_suffix(1);
    const bool ends_with_cr = fresh.ends_with('\r');
    if (ends_with_cr) fresh.remove_suffix(1);
    if (const auto refused = check_line_bytes(fresh)) return input.refuse(*refused);
    if (complete && !ends_with_cr) return input.refuse({400, "an LF without CR"});
  }
  if (!fits) return input.refuse(too_long);
  if (!complete) return ReadEvent::kNeedMore;
  return std::nullopt;
}

// Makes what has come since `from` what it should have been. A CR at the end of it may still be
// followed by its LF.
void Lines::mend(size_t from, bool complete) {
  if (complete && !text_.ends_with("\r\n")) {
    text_.insert(text_.size() - 1, 1, '\r');
    mended_ = "a line ended with LF alone";
  }
  const size_t end = complete ? text_.size() - 2 : text_.size() - (text_.ends_with('\r') ? 1 : 0);
  if (from < end && blank_control_characters(text_, from, end)) mended_ = "control characters";
}

void Lines::close_up_name() {
  const size_t colon = text_.find(':', line_start_);
  if (colon == std::string::npos || colon == line_start_) return;
  const size_t last = text_.find_last_not_of(" \t", colon - 1);
  if (last == colon - 1 || last == std::string::npos || last < line_start_) return;
  text_.erase(last + 1, colon - last - 1);
  mended_ = "white space before the colon of a field";
}

void Body::start(BodyFraming framing, uint64_t length) {
  state_ = framing == BodyFraming::kChunked ? State::kChunkLine : State::kPlain;
  remaining_ = framing == BodyFraming::kUntilClose ? std::numeric_limits<uint64_t>::max() : length;
  lines_.clear();
}

ReadEvent Body::next(Input& input) {
  for (;;) {
    if (const auto event = step(input)) return *event;
  }
}

// A chunked body ends with an empty line, which is not one of its trailers.
std::string_view Body::trailers() const {
  if (state_ != State::kEnded) return {};
  return lines_.text().substr(0, lines_.text().size() - 2);
}

// None when there is nothing to tell yet.
std::optional<ReadEvent> Body::step(Input& input) {
  switch (state_) {
    case State::kPlain:
      return remaining_ > 0 ? take_piece(input) : ReadEvent::kEnd;
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
    case State::kEnded:
      return ReadEvent::kEnd;
  }
  return std::nullopt;
}

ReadEvent Body::take_piece(Input& input) {
  piece_ = input.take(remaining_);
  remaining_ -= piece_.size();
  return piece_.empty() ? ReadEvent::kNeedMore : ReadEvent::kBody;
}

std::optional<ReadEvent> Body::read_chunk_line(Input& input) {
  const auto event =
      lines_.take(input, kMostChunkLine, {400, "too long a chunk size and extension"});
  if (event) return event;
  if (const auto refused = check_chunk_line(lines_.line(), sender_, remaining_)) {
    return input.refuse(*refused);
  }
  lines_.clear();
  state_ = remaining_ > 0 ? State::kChunkData : State::kTrailers;
  return std::nullopt;
}

std::optional<ReadEvent> Body::read_chunk_end(Input& input) {
  constexpr std::string_view kEnd = "\r\n";
  for (; chunk_end_ < kEnd.size(); ++chunk_end_) {
    if (input.empty()) return ReadEvent::kNeedMore;
    const bool bare_lf = sender_ == Sender::kFunction && input.rest().front() == '\n';
    if (bare_lf) chunk_end_ = kEnd.size() - 1;
    if (input.take(1).front() != kEnd[chunk_end_]) {
      return input.refuse({400, "no CRLF after a chunk"});
    }
  }
  chunk_end_ = 0;
  state_ = State::kChunkLine;
  return std::nullopt;
}

std::optional<ReadEvent> Body::read_trailer(Input& input) {
  const auto event = lines_.take(input, kMostTrailers, {431, "too large a trailer section"});
  if (event) return event;
  if (lines_.line().empty()) {
    state_ = State::kEnded;
    return ReadEvent::kEnd;
  }
  if (sender_ == Sender::kFunction) lines_.close_up_name();
  if (const auto refused = check_field_line(lines_.line())) return input.refuse(*refused);
  lines_.start_line();
  return std::nullopt;
}

}  // namespace watchdog

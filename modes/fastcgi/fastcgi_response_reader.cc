#include "modes/fastcgi/fastcgi_response_reader.h"

#include <fmt/format.h>

#include <utility>

#include "modes/fastcgi/fastcgi_records.h"

namespace watchdog {

namespace {

using namespace fastcgi;

constexpr size_t kEndRequestSize = 8;

}  // namespace

void FastcgiResponseReader::expect(std::string_view method) {
  answer_.expect(method);
  ++requests_;
  state_ = State::kHeader;
  gathered_.clear();
  begun_ = fed_ = last_ = overloaded_ = false;
  exit_status_ = 0;
}

std::string FastcgiResponseReader::take_errors() {
  return std::exchange(errors_, {});
}

ReadEvent FastcgiResponseReader::next() {
  for (;;) {
    const ReadEvent event = step();
    if (event != ReadEvent::kNeedMore || input_.empty()) return event;
  }
}

// kNeedMore with input left: another step.
ReadEvent FastcgiResponseReader::step() {
  switch (state_) {
    case State::kHeader:
      return read_header();
    case State::kStdout:
      return read_stdout();
    case State::kStderr:
      return read_stderr();
    case State::kEnd:
      return read_end();
    case State::kPadding:
      return read_padding();
    case State::kEnded:
      if (input_.empty()) return ReadEvent::kNeedMore;
      return refuse("its answer goes on behind its end");
    case State::kRefused:
      break;
  }
  return ReadEvent::kError;
}

// Whether gathered_ has `size` bytes now.
bool FastcgiResponseReader::gather(size_t size) {
  gathered_.append(input_.take(size - gathered_.size()));
  return gathered_.size() == size;
}

ReadEvent FastcgiResponseReader::read_header() {
  begun_ = begun_ || !input_.empty();
  if (!gather(kHeaderSize)) return ReadEvent::kNeedMore;
  const Header header = parse_header(gathered_);
  gathered_.clear();
  if (header.version != 1) return refuse("its answer is not FastCGI");
  if (header.request_id != request_id(requests_)) {
    return refuse(
        fmt::format("it answers a request that it was not asked ({})", header.request_id));
  }
  content_ = header.content_length;
  padding_ = header.padding_length;
  switch (static_cast<Type>(header.type)) {
    case Type::kStdout:
      state_ = State::kStdout;
      return ReadEvent::kNeedMore;
    case Type::kStderr:
      state_ = State::kStderr;
      return ReadEvent::kNeedMore;
    case Type::kEndRequest:
      if (content_ != kEndRequestSize) return refuse("its END_REQUEST record is malformed");
      state_ = State::kEnd;
      return ReadEvent::kNeedMore;
    default:
      return refuse(
          fmt::format("it sent a FastCGI record of type {}, which is not for us", header.type));
  }
}

ReadEvent FastcgiResponseReader::read_stdout() {
  if (!fed_ && content_ > 0) {
    const std::string_view piece = input_.take(content_);
    if (piece.empty()) return ReadEvent::kNeedMore;
    content_ -= piece.size();
    answer_.feed(piece);
    fed_ = true;
  }
  if (fed_) {
    const ReadEvent event = answer_.next();
    if (event == ReadEvent::kError) return refuse(answer_.problem());
    if (event != ReadEvent::kNeedMore) return event;
    fed_ = false;
  }
  if (content_ == 0) end_content();
  return ReadEvent::kNeedMore;
}

ReadEvent FastcgiResponseReader::read_stderr() {
  const std::string_view piece = input_.take(content_);
  content_ -= piece.size();
  errors_.append(piece);
  if (content_ == 0) end_content();
  return ReadEvent::kNeedMore;
}

ReadEvent FastcgiResponseReader::read_end() {
  if (!gather(kEndRequestSize)) return ReadEvent::kNeedMore;
  for (size_t i = 0; i < 4; ++i) {
    exit_status_ = exit_status_ << 8 | static_cast<uint8_t>(gathered_[i]);
  }
  const auto status = static_cast<ProtocolStatus>(gathered_[4]);
  gathered_.clear();
  switch (status) {
    case ProtocolStatus::kComplete:
      break;
    case ProtocolStatus::kOverloaded:
      overloaded_ = true;
      return refuse("it has too much to do (FCGI_OVERLOADED)");
    case ProtocolStatus::kCannotMultiplex:
      return refuse("it takes one request at a time (FCGI_CANT_MPX_CONN)");
    case ProtocolStatus::kUnknownRole:
      return refuse("it is no FastCGI responder (FCGI_UNKNOWN_ROLE)");
    default:
      return refuse("its END_REQUEST record is malformed");
  }
  last_ = true;
  if (padding_ == 0) return end_response();
  state_ = State::kPadding;
  return ReadEvent::kNeedMore;
}

ReadEvent FastcgiResponseReader::read_padding() {
  padding_ -= input_.take(padding_).size();
  if (padding_ > 0) return ReadEvent::kNeedMore;
  if (last_) return end_response();
  state_ = State::kHeader;
  return ReadEvent::kNeedMore;
}

ReadEvent FastcgiResponseReader::end_response() {
  if (answer_.finish() == ReadEvent::kError) return refuse(answer_.problem());
  if (exit_status_ != 0 && response().status < 400 && !answer_.complete()) {
    return refuse(fmt::format("its program failed: exit code {}", exit_status_));
  }
  state_ = State::kEnded;
  return ReadEvent::kEnd;
}

ReadEvent FastcgiResponseReader::refuse(std::string problem) {
  problem_ = std::move(problem);
  state_ = State::kRefused;
  return ReadEvent::kError;
}

}  // namespace watchdog

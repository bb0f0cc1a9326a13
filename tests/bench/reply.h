#pragma once

#include <strings.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace bench {

// Finds the end of one HTTP/1 reply in bytes as they come. It trusts the server more than a client
// should: it is here to measure servers, not to test them.
class ReplyReader {
 public:
  explicit ReplyReader(bool to_head) : to_head_(to_head) {}

  // Returns how many bytes belong to the reply; less than all of them only when it is over.
  size_t feed(std::string_view bytes) {
    size_t used = 0;
    while (used < bytes.size() && !done() && !broken()) used += step(bytes.substr(used));
    return used;
  }

  // The server closed the connection.
  void end() { state_ = state_ == State::kUntilClose ? State::kDone : State::kBroken; }

  bool done() const { return state_ == State::kDone; }
  bool broken() const { return state_ == State::kBroken; }
  int status() const { return status_; }
  bool keep_alive() const { return keep_alive_; }
  uint64_t body_bytes() const { return body_bytes_; }

 private:
  enum class State {
    kStatusLine,
    kFields,
    kSized,
    kChunkSize,
    kChunkData,
    kChunkEnd,
    kTrailers,
    kUntilClose,
    kDone,
    kBroken
  };

  size_t step(std::string_view bytes) {
    if (state_ == State::kUntilClose) {
      body_bytes_ += bytes.size();
      return bytes.size();
    }
    if (state_ == State::kSized || state_ == State::kChunkData) return take_body(bytes);
    const size_t newline = bytes.find('\n');
    if (newline == std::string_view::npos) {
      line_ += bytes;
      return bytes.size();
    }
    line_ += bytes.substr(0, newline);
    if (line_.ends_with('\r')) line_.pop_back();
    take_line();
    line_.clear();
    return newline + 1;
  }

  size_t take_body(std::string_view bytes) {
    const size_t size = static_cast<size_t>(std::min<uint64_t>(left_, bytes.size()));
    left_ -= size;
    body_bytes_ += size;
    if (left_ == 0) state_ = state_ == State::kSized ? State::kDone : State::kChunkEnd;
    return size;
  }

  void take_line() {
    switch (state_) {
      case State::kStatusLine:
        return take_status_line();
      case State::kFields:
        return line_.empty() ? begin_body() : take_field();
      case State::kChunkSize:
        return take_chunk_size();
      case State::kChunkEnd:
        state_ = line_.empty() ? State::kChunkSize : State::kBroken;
        return;
      case State::kTrailers:
        if (line_.empty()) state_ = State::kDone;
        return;
      default:
        state_ = State::kBroken;
    }
  }

  void take_status_line() {
    const bool known = line_.size() >= 12 && line_.starts_with("HTTP/1.");
    status_ = known ? atoi(line_.c_str() + 9) : 0;
    keep_alive_ = known && line_[7] == '1';
    chunked_ = false;
    sized_ = false;
    left_ = 0;
    state_ = status_ >= 100 ? State::kFields : State::kBroken;
  }

  void take_field() {
    const size_t colon = line_.find(':');
    if (colon == std::string::npos) {
      state_ = State::kBroken;
      return;
    }
    const size_t begin = line_.find_first_not_of(" \t", colon + 1);
    const char* const value = line_.c_str() + std::min(begin, line_.size());
    if (named("content-length", colon)) {
      sized_ = true;
      left_ = strtoull(value, nullptr, 10);
    } else if (named("transfer-encoding", colon)) {
      chunked_ = strcasecmp(value, "chunked") == 0;
    } else if (named("connection", colon)) {
      keep_alive_ = strcasecmp(value, "close") != 0;
    }
  }

  bool named(std::string_view name, size_t colon) const {
    return colon == name.size() && strncasecmp(line_.data(), name.data(), colon) == 0;
  }

  // RFC 9112 6.3.
  void begin_body() {
    if (status_ < 200) {
      state_ = State::kStatusLine;
    } else if (to_head_ || status_ == 204 || status_ == 304) {
      state_ = State::kDone;
    } else if (chunked_) {
      state_ = State::kChunkSize;
    } else if (sized_) {
      state_ = left_ == 0 ? State::kDone : State::kSized;
    } else {
      keep_alive_ = false;
      state_ = State::kUntilClose;
    }
  }

  void take_chunk_size() {
    char* end = nullptr;
    left_ = strtoull(line_.c_str(), &end, 16);
    if (end == line_.c_str()) {
      state_ = State::kBroken;
    } else {
      state_ = left_ == 0 ? State::kTrailers : State::kChunkData;
    }
  }

  bool to_head_;
  State state_ = State::kStatusLine;
  std::string line_;
  int status_ = 0;
  bool keep_alive_ = false;
  bool chunked_ = false;
  bool sized_ = false;
  uint64_t left_ = 0;
  uint64_t body_bytes_ = 0;
};

}  // namespace bench

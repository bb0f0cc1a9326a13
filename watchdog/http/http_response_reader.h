#pragma once

#include <cstddef>
#include <string_view>

#include "http/framing.h"
#include "http/message.h"
#include "http/response_reader.h"

namespace watchdog {

// Reads HTTP/1 responses, one after another, from the function's own server. It is less strict than
// RequestReader: what the table at Sender names is mended, and only the mended form is passed on,
// so that no two recipients can understand a message differently.
//
// After the head of a 101 the bytes that were not consumed, and all that follow, are not HTTP.
class HttpResponseReader final : public ResponseReader {
 public:
  using Event = ReadEvent;

  static constexpr size_t kMaxHead = 256 * 1024;
  static constexpr size_t kMaxFields = 1024;

  void expect(std::string_view method) override;
  void feed(std::string_view bytes) override {
    input_.bytes = bytes;
    input_.used = 0;
  }
  Event next() override;
  size_t consumed() const override { return input_.used; }

  const UpstreamResponse& response() const override { return head_; }
  std::string_view body() const override { return body_.piece(); }
  std::string_view trailers() const override { return body_.trailers(); }
  const Refusal& error() const { return input_.refusal; }
  std::string problem() const override;

  bool begun() const override { return state_ != State::kHead || !lines_.text().empty(); }
  bool says_its_end() const override { return head_.framing != BodyFraming::kNone; }
  bool ends_with_connection() const override {
    return state_ == State::kBody && head_.framing == BodyFraming::kUntilClose;
  }

 private:
  enum class State { kHead, kBody, kEnded, kRefused };

  Event step();
  Event read_head();
  Event parse_head();
  void mend_length();
  BodyFraming framing() const;

  State state_ = State::kEnded;
  bool to_head_request_ = false;
  Input input_;
  Lines lines_{Sender::kFunction};
  HeadCheck check_{Sender::kFunction};
  UpstreamResponse head_;
  Body body_{Sender::kFunction};
};

}  // namespace watchdog

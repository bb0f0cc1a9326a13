#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "http/message.h"
#include "http/strict.h"

// What RequestReader and HttpResponseReader share: cutting bytes into lines, and bodies out of
// their framing.

namespace watchdog {

// What a reader reports; see RequestReader.
enum class ReadEvent { kNeedMore, kHead, kBody, kEnd, kError };

// The bytes that a reader was given, how many of them it has used, and what is wrong with them.
struct Input {
  std::string_view bytes{};
  size_t used = 0;
  Refusal refusal{};

  bool empty() const { return used == bytes.size(); }
  std::string_view rest() const { return bytes.substr(used); }
  std::string_view take(uint64_t most) {
    const auto size = static_cast<size_t>(std::min<uint64_t>(most, bytes.size() - used));
    used += size;
    return bytes.substr(used - size, size);
  }
  ReadEvent refuse(const Refusal& why) {
    refusal = why;
    return ReadEvent::kError;
  }
};

// A head or trailer section, gathered line by line. The result, the byte at which a limit is met
// and the first error do not depend on how the input is split.
class Lines {
 public:
  explicit Lines(Sender sender) : sender_(sender) {}

  // Takes input up to the end of a line, or all of it, and holds no more than `most` bytes. Returns
  // nothing when line() is complete.
  std::optional<ReadEvent> take(Input& input, size_t most, const Refusal& too_long);

  // The line that was just completed, without its CRLF.
  std::string_view line() const {
    return std::string_view(text_).substr(line_start_, text_.size() - line_start_ - 2);
  }
  // Removes the white space before the colon of the line that was just completed.
  void close_up_name();
  // Replaces a byte that has been checked.
  void put(size_t at, char c) { text_[at] = c; }
  bool in_first_line() const { return line_start_ == 0; }
  void start_line() { line_start_ = text_.size(); }

  std::string_view text() const { return text_; }
  // The last thing that was mended since clear(), in words; see Sender.
  std::string_view mended() const { return mended_; }
  // Replaces all lines by others that need no more checks.
  void replace(std::string text) { text_ = std::move(text); }
  void clear() {
    text_.clear();
    line_start_ = 0;
    mended_ = {};
  }
  void reserve(size_t size) { text_.reserve(size); }
  void free() { *this = Lines(sender_); }

 private:
  void mend(size_t from, bool complete);

  Sender sender_;
  std::string text_;
  size_t line_start_ = 0;
  std::string_view mended_{};
};

// The body of a message (RFC 9112 6 and 7).
class Body {
 public:
  static constexpr size_t kMostChunkLine = 4 * 1024;  // size and extensions of one chunk
  static constexpr size_t kMostTrailers = 16 * 1024;

  explicit Body(Sender sender) : sender_(sender), lines_(sender) {}

  void start(BodyFraming framing, uint64_t length);
  ReadEvent next(Input& input);
  std::string_view piece() const { return piece_; }
  // After the end of a chunked body: its trailer fields, each a line with its CRLF.
  std::string_view trailers() const;
  void shrink() { lines_.free(); }

 private:
  enum class State { kPlain, kChunkLine, kChunkData, kChunkEnd, kTrailers, kEnded };

  std::optional<ReadEvent> step(Input& input);
  ReadEvent take_piece(Input& input);
  std::optional<ReadEvent> read_chunk_line(Input& input);
  std::optional<ReadEvent> read_chunk_end(Input& input);
  std::optional<ReadEvent> read_trailer(Input& input);

  Sender sender_;
  State state_ = State::kPlain;
  uint64_t remaining_ = 0;  // bytes of the body, or of the chunk
  size_t chunk_end_ = 0;    // bytes seen of the CRLF after a chunk
  std::string_view piece_;
  Lines lines_;
};

}  // namespace watchdog

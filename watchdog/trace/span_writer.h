#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "trace/trace_context.h"

namespace watchdog {

// A moment in nanoseconds since 1970, as spans have them.
using UnixNanoseconds = uint64_t;

// A text that is known when this is compiled, as an argument of templates.
template <size_t kSize>
struct Constant {
  std::array<char, kSize> text{};

  constexpr Constant() = default;
  constexpr Constant(const char (&of)[kSize + 1]) {  // NOLINT(google-explicit-constructor)
    std::copy_n(of, kSize, text.begin());
  }
};
template <size_t kSizeWithEnd>
Constant(const char (&)[kSizeWithEnd]) -> Constant<kSizeWithEnd - 1>;

template <size_t kFirst, size_t kSecond>
constexpr Constant<kFirst + kSecond> operator+(const Constant<kFirst>& a,
                                               const Constant<kSecond>& b) {
  Constant<kFirst + kSecond> both;
  std::ranges::copy(b.text, std::ranges::copy(a.text, both.text.begin()).out);
  return both;
}

// JSON that is being written, of bounded length. Each request is written by some forty pieces, most
// of them of a length that is known when this is compiled, which costs next to nothing.
class JsonText {
 public:
  // The most bytes of a text that a string takes; the rest is cut off between two characters.
  static constexpr size_t kMostOfText = 1024;

  std::string_view text() const { return {bytes_.get(), size_}; }
  void clear() { size_ = 0; }
  // Leaves the first so many bytes.
  void cut(size_t size) { size_ = size; }

  // What is JSON already.
  template <Constant kJson>
  void put() {
    put(kJson.text);
  }
  // All of these pieces or none.
  template <size_t... kSizes>
  void put(const std::array<char, kSizes>&... json) {
    if (!has_room((kSizes + ...))) return;
    char* next = bytes_.get() + size_;
    ((std::memcpy(next, json.data(), kSizes), next += kSizes), ...);
    size_ += (kSizes + ...);
  }
  void put(std::string_view json) {
    if (!has_room(json.size())) return;
    std::memcpy(bytes_.get() + size_, json.data(), json.size());
    size_ += json.size();
  }
  void put_number(uint64_t number);
  // Escaped as RFC 8259 7 says; what is no UTF-8 is replaced by U+FFFD.
  void put_text(std::string_view text);
  // A comma at the end becomes `end`; without one, it is added.
  void close_list(char end);

 private:
  // More than the spans of any request: their texts are cut, and no byte of one becomes more than
  // six. What would not fit all the same is left out.
  static constexpr size_t kRoom = 128 * 1024;

  bool has_room(size_t size) const { return size <= kRoom - size_; }
  size_t put_character(std::string_view text);

  std::unique_ptr<char[]> bytes_{new char[kRoom]};
  size_t size_ = 0;
};

// The digits of a time, which has no fewer since 2001.
std::array<char, 19> time_digits(UnixNanoseconds time);

// Writes one span after another as the JSON encoding of OTLP has them: ids in hexadecimal digits,
// 64-bit numbers as strings, enumerations as numbers. Spans are separated by commas.
//
// The numbers of SpanKind and StatusCode are those of opentelemetry-proto's trace.proto.
class SpanWriter {
 public:
  enum class Kind { kInternal = 1, kServer = 2 };

  // What the spans of two requests never have in common.
  struct Own {
    const TraceIds& ids;
    std::string_view parent;      // a span's id; empty: none
    std::string_view tracestate;  // empty: none
    UnixNanoseconds begin;
    UnixNanoseconds end;
  };

  explicit SpanWriter(JsonText& out) : out_(out) {}

  // Each span is begin(), its attributes, and end(). `name` is printable ASCII, without quotes.
  void begin(Kind kind, std::string_view name);
  // `kKey` is of letters, digits, dots and underscores.
  template <Constant kKey>
  void add(std::string_view value) {
    out_.put<Constant(R"({"key":")") + kKey + Constant(R"(","value":{"stringValue":")")>();
    out_.put_text(value);
    out_.put<R"("}},)">();
  }
  // A value of printable ASCII, without quotes.
  template <Constant kKey>
  void add_word(std::string_view value) {
    out_.put<Constant(R"({"key":")") + kKey + Constant(R"(","value":{"stringValue":")")>();
    out_.put(value);
    out_.put<R"("}},)">();
  }
  template <Constant kKey>
  void add(uint64_t value) {
    out_.put<Constant(R"({"key":")") + kKey + Constant(R"(","value":{"intValue":")")>();
    out_.put_number(value);
    out_.put<R"("}},)">();
  }
  void end(const Own& own);
  // The span is of something that failed. `message` may be empty.
  void end_failed(const Own& own, std::string_view message);

  size_t count() const { return count_; }

 private:
  void put_own(const Own& own);

  JsonText& out_;
  size_t count_ = 0;  // of those that have ended
};

}  // namespace watchdog

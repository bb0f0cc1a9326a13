#include "trace/span_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"

namespace watchdog {

namespace {

// The characters that stand in a JSON string as they are, of ASCII.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (size_t c = 0x20; c <= 0x7e; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}();

constexpr std::array<std::array<char, 2>, 100> kTwoDigits = [] {
  std::array<std::array<char, 2>, 100> all{};
  for (size_t i = 0; i < all.size(); ++i) {
    all[i] = {static_cast<char>('0' + i / 10), static_cast<char>('0' + i % 10)};
  }
  return all;
}();

bool is_plain(char c) {
  return kPlain[static_cast<unsigned char>(c)];
}

}  // namespace

void JsonText::put_number(uint64_t number) {
  const fmt::format_int digits(number);
  put(std::string_view(digits.data(), digits.size()));
}

// Of most times the second is that of the one before.
void JsonText::put_time(UnixNanoseconds time) {
  constexpr uint64_t kInSecond = 1'000'000'000;
  constexpr uint64_t kTenDigits = 1'000'000'000;
  const uint64_t second = time / kInSecond;
  if (second < kTenDigits) return put_number(time);  // before 2001
  if (second != second_) {
    second_ = second;
    const fmt::format_int digits(second);
    std::copy_n(digits.data(), second_text_.size(), second_text_.begin());
  }
  put(second_text_);
  std::array<char, 9> digits;
  auto rest = static_cast<uint32_t>(time % kInSecond);
  for (size_t pair = 4; pair-- > 0; rest /= 100) {
    std::ranges::copy(kTwoDigits[rest % 100], &digits[1 + 2 * pair]);
  }
  digits[0] = static_cast<char>('0' + rest);
  put(digits);
}

void JsonText::put_text(std::string_view text) {
  if (text.size() > kMostOfText) text = text.substr(0, utf8_boundary(text, kMostOfText));
  while (!text.empty()) {
    const auto* const end = std::ranges::find_if_not(text, is_plain);
    const auto plain = static_cast<size_t>(end - text.begin());
    put(text.substr(0, plain));
    text.remove_prefix(plain);
    if (!text.empty()) text.remove_prefix(put_character(text));
  }
}

void JsonText::close_list(char end) {
  if (size_ > 0 && bytes_[size_ - 1] == ',') --size_;
  put(std::array{end});
}

// The first character of `text`; returns how many bytes it has there.
size_t JsonText::put_character(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  if (first >= 0x80) {
    const size_t size = utf8_size(text);
    put(size == 0 ? std::string_view("\xef\xbf\xbd") : text.substr(0, size));
    return std::max<size_t>(size, 1);
  }
  if (first == '"' || first == '\\') {
    put("\\");
    put(text.substr(0, 1));
    return 1;
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  put("\\u00");
  put(kDigits.substr(first >> 4, 1));
  put(kDigits.substr(first & 15, 1));
  return 1;
}

void SpanWriter::begin(const Head& head) {
  if (count_++ > 0) out_.put<",">();
  out_.put<R"({"traceId":")">();
  out_.put(head.ids.trace);
  out_.put<R"(","spanId":")">();
  out_.put(head.ids.span);
  if (!head.parent.empty()) {
    out_.put<R"(","parentSpanId":")">();
    out_.put(head.parent);
  }
  if (!head.tracestate.empty()) {
    out_.put<R"(","traceState":")">();
    out_.put_text(head.tracestate);
  }
  out_.put<R"(","name":")">();
  out_.put(head.name);
  head.kind == Kind::kServer ? out_.put<R"(","kind":2,"startTimeUnixNano":")">()
                             : out_.put<R"(","kind":1,"startTimeUnixNano":")">();
  out_.put_time(head.begin);
  out_.put<R"(","endTimeUnixNano":")">();
  out_.put_time(std::max(head.begin, head.end));
  out_.put<R"(","attributes":[)">();
}

void SpanWriter::end() {
  out_.close_list(']');
  out_.put<"}">();
}

void SpanWriter::end_failed(std::string_view message) {
  out_.close_list(']');
  out_.put<R"(,"status":{)">();
  if (!message.empty()) {
    out_.put<R"("message":")">();
    out_.put_text(message);
    out_.put<R"(",)">();
  }
  out_.put<R"("code":2}})">();
}

}  // namespace watchdog

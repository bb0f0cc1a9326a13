#include "trace/span_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/utf8.h"

namespace watchdog {

namespace {

// The characters that stand in a JSON string as they are, of ASCII.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (size_t c = 0x20; c <= 0x7e; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}();

// The digits of a number below 10^8, the first one in the lowest byte: halves of four digits, each
// of them two of two, each of those two of one, side by side.
uint64_t eight_digits(uint32_t number) {
  constexpr uint64_t kZeros = 0x3030303030303030;
  const uint64_t fours = number / 10'000 | static_cast<uint64_t>(number % 10'000) << 32;
  const uint64_t hundreds = (fours * 10486 >> 20) & 0x0000007f0000007f;
  const uint64_t twos = hundreds | (fours - 100 * hundreds) << 16;
  const uint64_t tens = (twos * 103 >> 10) & 0x000f000f000f000f;
  return kZeros + (tens | (twos - 10 * tens) << 8);
}

bool is_plain(char c) {
  return kPlain[static_cast<unsigned char>(c)];
}

}  // namespace

void JsonText::put_number(uint64_t number) {
  const fmt::format_int digits(number);
  put(std::string_view(digits.data(), digits.size()));
}

std::array<char, 19> time_digits(UnixNanoseconds time) {
  constexpr uint64_t kEightDigits = 100'000'000;
  const uint64_t but_eight = time / kEightDigits;
  const std::array<uint64_t, 2> last = {
      eight_digits(static_cast<uint32_t>(but_eight % kEightDigits)),
      eight_digits(static_cast<uint32_t>(time % kEightDigits))};
  auto first = static_cast<unsigned>(but_eight / kEightDigits);
  std::array<char, 19> digits;
  for (size_t i = 3; i-- > 0; first /= 10) digits[i] = static_cast<char>('0' + first % 10);
  std::memcpy(&digits[3], last.data(), sizeof last);
  return digits;
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

void SpanWriter::begin(Kind kind, std::string_view name) {
  if (count_ > 0) out_.put<",">();
  kind == Kind::kServer ? out_.put<R"({"kind":2,"name":")">() : out_.put<R"({"kind":1,"name":")">();
  out_.put(name);
  out_.put<R"(","attributes":[)">();
}

void SpanWriter::put_own(const Own& own) {
  ++count_;
  out_.close_list(']');
  out_.put(Constant(R"(,"traceId":")").text, own.ids.trace, Constant(R"(","spanId":")").text,
           own.ids.span, Constant(R"(","startTimeUnixNano":")").text, time_digits(own.begin),
           Constant(R"(","endTimeUnixNano":")").text, time_digits(std::max(own.begin, own.end)),
           Constant(R"(")").text);
  if (!own.parent.empty()) {
    out_.put<R"(,"parentSpanId":")">();
    out_.put(own.parent);
    out_.put<R"(")">();
  }
  if (!own.tracestate.empty()) {
    out_.put<R"(,"traceState":")">();
    out_.put_text(own.tracestate);
    out_.put<R"(")">();
  }
}

void SpanWriter::end(const Own& own) {
  put_own(own);
  out_.put<"}">();
}

void SpanWriter::end_failed(const Own& own, std::string_view message) {
  put_own(own);
  out_.put<R"(,"status":{)">();
  if (!message.empty()) {
    out_.put<R"("message":")">();
    out_.put_text(message);
    out_.put<R"(",)">();
  }
  out_.put<R"("code":2}})">();
}

}  // namespace watchdog

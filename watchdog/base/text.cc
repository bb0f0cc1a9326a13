#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <limits>

namespace watchdog {

namespace {

constexpr std::string_view kDurationHelp =
    "it accepts a duration such as 30s, 1m30s or 250ms, or whole seconds";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

// lower() of each of eight bytes. Sums of seven-bit numbers do not reach the next byte: their high
// bits say where a byte is at least 'A', and where it is beyond 'Z'.
uint64_t lower_eight(uint64_t bytes) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHigh = 0x80 * kOnes;
  const uint64_t seven_bits = bytes & ~kHigh;
  const uint64_t from_a = seven_bits + (0x80 - 'A') * kOnes;
  const uint64_t beyond_z = seven_bits + (0x7f - 'Z') * kOnes;
  const uint64_t upper = from_a & ~beyond_z & ~bytes & kHigh;
  return bytes | (upper >> 2);
}

bool eight_are_equal(const char* a, const char* b) {
  uint64_t one = 0;
  uint64_t other = 0;
  std::memcpy(&one, a, sizeof one);
  std::memcpy(&other, b, sizeof other);
  return one == other || lower_eight(one) == lower_eight(other);
}

// Drops zeros at the end of a number with a decimal point, and the point where nothing follows it.
void drop_zeros(std::string& number) {
  number.resize(number.find_last_not_of('0') + 1);
  if (number.back() == '.') number.pop_back();
}

struct Unit {
  std::string_view name;
  int64_t size;
};

constexpr Unit kSeconds = {"s", 1'000'000'000};
constexpr int64_t kMinute = 60 * kSeconds.size;
constexpr std::array<Unit, 8> kDurationUnits = {{{"ns", 1},
                                                 {"us", 1'000},
                                                 {"\u00b5s", 1'000},
                                                 {"\u03bcs", 1'000},
                                                 {"ms", 1'000'000},
                                                 kSeconds,
                                                 {"m", kMinute},
                                                 {"h", 60 * kMinute}}};

// A decimal number: 15 and 10 for "1.5".
struct Decimal {
  int64_t digits = 0;
  int64_t divisor = 1;
};

// Takes one off the front of `text`; false when there is none, or it has too many digits.
bool take_decimal(std::string_view& text, Decimal& number) {
  constexpr int64_t kMost = INT64_MAX / 10 - 1;
  size_t used = 0;
  size_t digits = 0;
  bool in_fraction = false;
  for (; used < text.size(); ++used) {
    const char c = text[used];
    if (c == '.' && !in_fraction) {
      in_fraction = true;
      continue;
    }
    if (!is_digit(c)) break;
    ++digits;
    if (number.divisor >= 1'000'000'000) continue;  // beyond nanoseconds
    if (number.digits > kMost) return false;
    number.digits = number.digits * 10 + (c - '0');
    if (in_fraction) number.divisor *= 10;
  }
  text.remove_prefix(used);
  return digits > 0;
}

const Unit* take_duration_unit(std::string_view& text) {
  size_t end = 0;
  while (end < text.size() && !is_digit(text[end]) && text[end] != '.') ++end;
  for (const Unit& unit : kDurationUnits) {
    if (text.substr(0, end) != unit.name) continue;
    text.remove_prefix(end);
    return &unit;
  }
  return nullptr;
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char l = lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  const Error refused{"not a duration; " + std::string(kDurationHelp)};
  if (text.empty()) return refused;
  if (text == "0") return Duration::zero();
  const Error too_long{"too long; " + std::string(kDurationHelp)};
  int64_t total = 0;
  const bool bare = text.find_first_not_of("0123456789") == std::string_view::npos;
  while (!text.empty()) {
    Decimal number;
    if (!take_decimal(text, number)) return refused;
    const Unit* unit = bare ? &kSeconds : take_duration_unit(text);
    if (unit == nullptr) return refused;
    // Whole units and the rest apart, so that nothing overflows before it is seen.
    int64_t whole = 0;
    const int64_t rest = number.digits % number.divisor;
    const int64_t part = rest * (unit->size / number.divisor) +
                         rest * (unit->size % number.divisor) / number.divisor;
    if (__builtin_mul_overflow(number.digits / number.divisor, unit->size, &whole) ||
        __builtin_add_overflow(total, whole, &total) ||
        __builtin_add_overflow(total, part, &total)) {
      return too_long;
    }
  }
  return Duration(total);
}

std::string format_duration(Duration duration) {
  const int64_t count = duration.count();
  const auto in_units_of = [](int64_t amount, int64_t unit) {
    std::string text =
        fmt::format("{}.{:09}", amount / unit, amount % unit * (kSeconds.size / unit));
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text;
  };
  if (count == 0) return "0s";
  if (count < 1'000) return fmt::format("{}ns", count);
  if (count < 1'000'000) return in_units_of(count, 1'000) + "us";
  if (count < kSeconds.size) return in_units_of(count, 1'000'000) + "ms";
  const int64_t minutes = count / kMinute;
  std::string text;
  if (minutes >= 60) text += fmt::format("{}h", minutes / 60);
  if (minutes > 0) text += fmt::format("{}m", minutes % 60);
  return text + in_units_of(count % kMinute, kSeconds.size) + 's';
}

Result<uint64_t> parse_size(std::string_view text) {
  const Error refused{"not a size; it accepts bytes such as 1048576, 512k, 10MiB or 1g"};
  uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest == text.data()) return refused;
  std::string unit;
  for (const char c : std::string_view(rest, static_cast<size_t>(end - rest))) unit += lower(c);
  int shift = 0;
  if (unit == "k" || unit == "kb" || unit == "ki" || unit == "kib") {
    shift = 10;
  } else if (unit == "m" || unit == "mb" || unit == "mi" || unit == "mib") {
    shift = 20;
  } else if (unit == "g" || unit == "gb" || unit == "gi" || unit == "gib") {
    shift = 30;
  } else if (!unit.empty() && unit != "b") {
    return refused;
  }
  if (value > std::numeric_limits<uint64_t>::max() >> shift) return refused;
  return value << shift;
}

std::string format_size(uint64_t bytes) {
  constexpr std::array<std::string_view, 4> kUnits = {"", "KiB", "MiB", "GiB"};
  size_t unit = 0;
  while (bytes != 0 && bytes % 1024 == 0 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  return fmt::format("{}{}", bytes, kUnits[unit]);
}

Result<bool> parse_bool(std::string_view text) {
  for (const std::string_view word : {"1", "true", "yes", "on"}) {
    if (equals_ignoring_case(text, word)) return true;
  }
  for (const std::string_view word : {"0", "false", "no", "off"}) {
    if (equals_ignoring_case(text, word)) return false;
  }
  return Error{"neither true nor false; it accepts true or false (1/0, yes/no, on/off)"};
}

Result<int64_t> parse_integer(std::string_view text, int64_t least, int64_t most) {
  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  const bool sign_fits = least < 0 || !text.starts_with('-');  // "-0" is not a length or a port
  if (error == std::errc() && rest == end && sign_fits && value >= least && value <= most) {
    return value;
  }
  if (most == std::numeric_limits<int64_t>::max()) {
    return Error{fmt::format("not such a number; it accepts a whole number from {} up", least)};
  }
  return Error{
      fmt::format("not such a number; it accepts a whole number from {} to {}", least, most)};
}

Result<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0) return Error{"a % in the path is not followed by two hex digits"};
    if (high == 0 && low == 0) return Error{"a NUL (%00) in the path"};
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j) {
      group = group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (size_t j = 0; j < 4; ++j) {
      text += i + j > bytes.size() ? '=' : kAlphabet[group >> (18 - 6 * j) & 63];
    }
  }
  return text;
}

// Eight bytes at a time, as a request compares the names of its fields a hundred times.
bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  if (a.size() < sizeof(uint64_t)) {
    return std::ranges::equal(a, b, {}, lower, lower);
  }
  const size_t last = a.size() - sizeof(uint64_t);
  for (size_t i = 0; i < last; i += sizeof(uint64_t)) {
    if (!eight_are_equal(&a[i], &b[i])) return false;
  }
  return eight_are_equal(&a[last], &b[last]);
}

bool starts_with_ignoring_case(std::string_view text, std::string_view start) {
  return equals_ignoring_case(text.substr(0, start.size()), start);
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_variable_name(std::string_view text) {
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !text.empty() && !(text.front() >= '0' && text.front() <= '9') &&
         std::all_of(text.begin(), text.end(), is_word);
}

void append_number(std::string& out, uint64_t number) {
  const fmt::format_int digits(number);
  out.append(digits.data(), digits.size());
}

void append_seconds(std::string& out, Duration duration, int decimals) {
  uint64_t scale = 1;
  for (int i = 0; i < decimals; ++i) scale *= 10;
  const uint64_t unit = 1'000'000'000 / scale;  // nanoseconds of the last decimal
  const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
  const uint64_t rounded =
      (static_cast<uint64_t>(std::max<int64_t>(nanoseconds, 0)) + unit / 2) / unit;
  append_number(out, rounded / scale);
  const fmt::format_int fraction(rounded % scale);
  out.append(1, '.').append(static_cast<size_t>(decimals) - fraction.size(), '0');
  out.append(fraction.data(), fraction.size());
}

void append_exact_seconds(std::string& out, Duration duration) {
  append_seconds(out, duration, 9);
  drop_zeros(out);
}

std::string human_size(uint64_t bytes) {
  std::string text;
  if (bytes < 1000) {
    append_number(text, bytes);
    return text += 'B';
  }
  constexpr std::array<std::string_view, 6> kUnits = {"kB", "MB", "GB", "TB", "PB", "EB"};
  size_t unit = 0;
  uint64_t whole = 1000;  // one of the unit, in bytes
  for (; unit + 1 < kUnits.size() && bytes / whole >= 1000; ++unit) whole *= 1000;
  uint64_t places = 1000;  // one, in the last of four digits
  for (uint64_t rest = bytes / whole; rest >= 10; rest /= 10) places /= 10;
  const uint64_t step = whole / places;
  const uint64_t rounded = bytes / step + (bytes % step >= (step + 1) / 2 ? 1 : 0);
  append_number(text, rounded / places);
  const fmt::format_int fraction(places + rounded % places);  // a 1 before its zeros
  text.append(1, '.').append(fraction.data() + 1, fraction.size() - 1);
  drop_zeros(text);
  return text.append(kUnits[unit]);
}

}  // namespace watchdog

#include "http/date.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace watchdog {

namespace {

constexpr std::array<std::string_view, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};
constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";

std::string_view short_day(size_t day) {
  return kDays[day].substr(0, 3);
}

// Takes the parts of a date off the front of a text; once one does not fit, nothing does.
class DateParser {
 public:
  explicit DateParser(std::string_view text) : rest_(text) {}

  bool take(std::string_view expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }

  void expect(std::string_view expected) { ok_ = take(expected) && ok_; }

  int digits(size_t count) {
    int number = 0;
    for (size_t i = 0; i < count; ++i) {
      if (i >= rest_.size() || rest_[i] < '0' || rest_[i] > '9') return fail();
      number = number * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return number;
  }

  // " 6" or "16", as asctime() prints a day.
  int padded_day() { return take(" ") ? digits(1) : digits(2); }

  int month() {
    for (size_t month = 0; month < 12; ++month) {
      if (take(kMonths.substr(month * 3, 3))) return static_cast<int>(month);
    }
    return fail();
  }

  void clock(tm& parts) {
    parts.tm_hour = digits(2);
    expect(":");
    parts.tm_min = digits(2);
    expect(":");
    parts.tm_sec = digits(2);
  }

  bool done() const { return ok_ && rest_.empty(); }

 private:
  int fail() {
    ok_ = false;
    return 0;
  }

  std::string_view rest_;
  bool ok_ = true;
};

// "Sun, 06 Nov 1994 08:49:37 GMT"
void take_fixdate(DateParser& in, tm& parts) {
  parts.tm_mday = in.digits(2);
  in.expect(" ");
  parts.tm_mon = in.month();
  in.expect(" ");
  parts.tm_year = in.digits(4) - 1900;
  in.expect(" ");
  in.clock(parts);
  in.expect(" GMT");
}

// "Sunday, 06-Nov-94 08:49:37 GMT"
void take_rfc850(DateParser& in, tm& parts, std::time_t now) {
  tm today{};
  ::gmtime_r(&now, &today);
  parts.tm_mday = in.digits(2);
  in.expect("-");
  parts.tm_mon = in.month();
  in.expect("-");
  parts.tm_year = today.tm_year / 100 * 100 + in.digits(2);
  if (parts.tm_year > today.tm_year + 50) parts.tm_year -= 100;
  in.expect(" ");
  in.clock(parts);
  in.expect(" GMT");
}

// "Sun Nov  6 08:49:37 1994"
void take_asctime(DateParser& in, tm& parts) {
  parts.tm_mon = in.month();
  in.expect(" ");
  parts.tm_mday = in.padded_day();
  in.expect(" ");
  in.clock(parts);
  in.expect(" ");
  parts.tm_year = in.digits(4) - 1900;
}

// Whether timegm() need not mend it.
bool is_possible(const tm& parts) {
  return parts.tm_mday >= 1 && parts.tm_mday <= 31 && parts.tm_hour <= 23 && parts.tm_min <= 59 &&
         parts.tm_sec <= 60;
}

}  // namespace

std::string format_http_date(std::time_t time) {
  tm parts{};
  ::gmtime_r(&time, &parts);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                     short_day(static_cast<size_t>(parts.tm_wday)), parts.tm_mday,
                     kMonths.substr(static_cast<size_t>(parts.tm_mon) * 3, 3), parts.tm_year + 1900,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string_view http_date() {
  thread_local std::time_t formatted = -1;
  thread_local std::array<char, sizeof "Sun, 06 Nov 1994 08:49:37 GMT" - 1> text;
  const std::time_t now = std::time(nullptr);
  if (now != formatted) {
    formatted = now;
    std::ranges::copy(format_http_date(now).substr(0, text.size()), text.begin());
  }
  return {text.data(), text.size()};
}

std::optional<std::time_t> parse_http_date(std::string_view text, std::time_t now) {
  for (size_t day = 0; day < kDays.size(); ++day) {
    tm parts{};
    DateParser in(text);
    if (in.take(kDays[day])) {
      in.expect(", ");
      take_rfc850(in, parts, now);
    } else if (in.take(short_day(day))) {
      if (in.take(", ")) {
        take_fixdate(in, parts);
      } else {
        in.expect(" ");
        take_asctime(in, parts);
      }
    } else {
      continue;
    }
    if (!in.done() || !is_possible(parts)) return std::nullopt;
    return ::timegm(&parts);
  }
  return std::nullopt;
}

}  // namespace watchdog

#include "http/content_coding.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace watchdog {

namespace {

constexpr int kMost = 1000;

// "1", "0.5", "0.333": thousandths; what is malformed counts as nothing.
int parse_quality(std::string_view text) {
  if (text.empty() || (text[0] != '0' && text[0] != '1')) return 0;
  int quality = (text[0] - '0') * kMost;
  if (text.size() > 1 && text[1] != '.') return 0;
  int worth = kMost / 10;
  for (const char c : text.substr(std::min<size_t>(text.size(), 2))) {
    if (c < '0' || c > '9') return 0;
    quality += (c - '0') * worth;
    worth /= 10;
  }
  return std::min(quality, kMost);
}

// One member of the list: "gzip;q=0.8".
struct Preference {
  std::string_view coding;
  int quality = kMost;
};

Preference parse_preference(std::string_view member) {
  const size_t semicolon = member.find(';');
  Preference preference{trim(member.substr(0, semicolon))};
  if (semicolon == std::string_view::npos) return preference;
  const std::string_view weight = trim(member.substr(semicolon + 1));
  if (equals_ignoring_case(weight.substr(0, 2), "q=")) {
    preference.quality = parse_quality(weight.substr(2));
  }
  return preference;
}

bool means(std::string_view named, std::string_view coding) {
  if (equals_ignoring_case(named, coding)) return true;
  return coding == "gzip" && equals_ignoring_case(named, "x-gzip");  // RFC 9110 8.4.1.3
}

}  // namespace

int coding_quality(const Fields& fields, std::string_view coding) {
  std::optional<int> named;
  std::optional<int> any;
  for (const Field& field : fields) {
    if (!equals_ignoring_case(field.name, "accept-encoding")) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const size_t comma = std::min(rest.find(','), rest.size());
      const Preference preference = parse_preference(rest.substr(0, comma));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
      if (means(preference.coding, coding)) named = preference.quality;
      if (preference.coding == "*") any = preference.quality;
    }
  }
  if (named) return *named;
  if (any) return *any;
  return coding == "identity" ? 1 : 0;
}

}  // namespace watchdog

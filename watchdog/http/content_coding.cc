#include "http/content_coding.h"

#include <optional>

#include "base/text.h"
#include "http/weighted_list.h"

namespace watchdog {

namespace {

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
      const WeightedMember preference = take_member(rest);
      if (means(preference.value, coding)) named = preference.quality;
      if (preference.value == "*") any = preference.quality;
    }
  }
  if (named) return *named;
  if (any) return *any;
  return coding == "identity" ? 1 : 0;
}

}  // namespace watchdog

#include "http/accept.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "http/weighted_list.h"

namespace watchdog {

namespace {

// How closely a range names a media type; 0: it does not.
int specificity(const WeightedMember& range, const MediaType& offered) {
  if (range.value == "*/*") return 1;
  const size_t main_type = offered.type.find('/') + 1;
  if (range.value.ends_with("/*")) {
    const std::string_view wanted = range.value.substr(0, range.value.size() - 1);
    return equals_ignoring_case(wanted, offered.type.substr(0, main_type)) ? 2 : 0;
  }
  if (!equals_ignoring_case(range.value, offered.type)) return 0;
  const auto version = range.parameter("version");
  if (!version) return 3;
  return *version == offered.version ? 4 : 0;
}

}  // namespace

int media_quality(const Fields& fields, const MediaType& offered) {
  bool asked = false;
  std::pair<int, int> best;  // the specificity, and the weight
  for (const Field& field : fields) {
    if (!equals_ignoring_case(field.name, "accept")) continue;
    asked = true;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const WeightedMember range = take_member(rest);
      best = std::max(best, {specificity(range, offered), range.quality});
    }
  }
  if (!asked) return kFullQuality;
  return best.first == 0 ? 0 : best.second;
}

}  // namespace watchdog

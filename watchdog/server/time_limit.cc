#include "server/time_limit.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace watchdog {

Duration time_limit(const RequestHead& request, const Config& config) {
  const Duration limit = config.exec_timeout;
  const Field* field = request.fields.find("x-timeout");
  if (field == nullptr) return limit;
  const auto asked = parse_duration(field->value);
  if (!asked || *asked <= Duration::zero()) return limit;
  return limit > Duration::zero() ? std::min(limit, *asked) : *asked;
}

Duration time_limit_of_head(const RequestHead& request, const Config& config) {
  const Duration whole = time_limit(request, config);
  const Duration head = config.response_start_timeout.value_or(whole);
  const bool none = whole == Duration::zero();
  return none || (head > Duration::zero() && head < whole) ? head : whole;
}

std::string explain_time_limit(Duration limit) {
  return fmt::format("the function did not finish within {}", format_duration(limit));
}

std::string explain_time_limit_of_head(const Config& config) {
  return fmt::format("the function did not begin to answer within response_start_timeout={}",
                     format_duration(*config.response_start_timeout));
}

}  // namespace watchdog

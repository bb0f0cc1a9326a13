#include "http/weighted_list.h"

#include <algorithm>

#include "base/text.h"

namespace watchdog {

namespace {

// "1", "0.5", "0.333"; what is malformed counts as nothing.
int parse_quality(std::string_view text) {
  if (text.empty() || (text[0] != '0' && text[0] != '1')) return 0;
  int quality = (text[0] - '0') * kFullQuality;
  if (text.size() > 1 && text[1] != '.') return 0;
  int worth = kFullQuality / 10;
  for (const char c : text.substr(std::min<size_t>(text.size(), 2))) {
    if (c < '0' || c > '9') return 0;
    quality += (c - '0') * worth;
    worth /= 10;
  }
  return std::min(quality, kFullQuality);
}

// Takes what stands before the first `separator` that is not in a quoted string (RFC 9110 5.6.4).
std::string_view take_until(std::string_view& text, char separator) {
  bool quoted = false;
  size_t end = 0;
  for (; end < text.size() && (quoted || text[end] != separator); ++end) {
    if (text[end] == '"') quoted = !quoted;
    if (text[end] == '\\' && quoted) ++end;
  }
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return trim(taken);
}

}  // namespace

std::optional<std::string_view> WeightedMember::parameter(std::string_view name) const {
  std::string_view rest = parameters;
  while (!rest.empty()) {
    std::string_view given = take_until(rest, ';');
    if (!equals_ignoring_case(take_until(given, '='), name)) continue;
    given = trim(given);
    const bool quoted = given.size() >= 2 && given.front() == '"' && given.back() == '"';
    return quoted ? given.substr(1, given.size() - 2) : given;
  }
  return std::nullopt;
}

WeightedMember take_member(std::string_view& list) {
  std::string_view parameters = take_until(list, ',');
  WeightedMember member{.value = take_until(parameters, ';')};
  member.parameters = parameters;
  if (const auto weight = member.parameter("q")) member.quality = parse_quality(*weight);
  return member;
}

}  // namespace watchdog

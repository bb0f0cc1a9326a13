#include "config/misspelling.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "config/options.h"

namespace watchdog {

namespace {

// No option is longer; what is has nothing to do with us.
constexpr size_t kLongest = 40;

bool are_swapped_neighbours(std::string_view a, std::string_view b) {
  return a.size() == b.size() && edit_distance(a, b) == 1 &&
         std::is_permutation(a.begin(), a.end(), b.begin());
}

bool may_stand_for(std::string_view variable, std::string_view option) {
  if (option.size() < 8) return are_swapped_neighbours(variable, option);
  // People get the first letter right, and `process` is no mistyped `fprocess`.
  if (variable.empty() || variable.front() != option.front()) return false;
  // OpenTelemetry has other names that differ in two letters, for other signals.
  const bool foreign = option.starts_with("OTEL_");
  return edit_distance(variable, option) <= (option.size() < 10 || foreign ? 1 : 2);
}

bool is_upper_case(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

bool is_lower_case(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

std::string as_long_option(std::string_view word) {
  std::string text(word);
  for (char& c : text) {
    if (c == '_') c = '-';
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

}  // namespace

size_t edit_distance(std::string_view a, std::string_view b) {
  // Three rows of the table of distances between beginnings of `a` and of `b`.
  std::vector<size_t> before(b.size() + 1);
  std::vector<size_t> above(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    std::swap(before, above);
    std::swap(above, row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, above[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::string_view likely_word(std::string_view word, std::span<const std::string> words) {
  if (word.size() > kLongest) return {};
  const std::string spelled = as_long_option(word);
  std::string_view nearest;
  size_t least = spelled.size() < 4 ? 1 : spelled.size() < 6 ? 2 : 3;
  for (const std::string& other : words) {
    const size_t distance = edit_distance(spelled, other);
    if (distance >= least) continue;
    least = distance;
    nearest = other;
  }
  if (!nearest.empty() || spelled.size() < 3) return nearest;
  for (const std::string& other : words) {
    if (!other.starts_with(spelled)) continue;
    if (!nearest.empty()) return {};
    nearest = other;
  }
  return nearest;
}

std::string_view likely_option(std::string_view variable) {
  if (variable.size() > kLongest) return {};
  const bool foreign = variable.starts_with('O') && is_upper_case(variable);
  if (!foreign && !is_lower_case(variable)) return {};
  std::string_view meant;
  for (const Option& option : options()) {
    for (const std::string_view name : option.names()) {
      if (name == variable) return {};
      const bool nearer =
          meant.empty() || edit_distance(variable, name) < edit_distance(variable, meant);
      if (nearer && may_stand_for(variable, name)) meant = name;
    }
  }
  return meant;
}

std::vector<std::string> misspelling_warnings(const char* const* environment) {
  std::vector<std::string> warnings;
  for (; *environment != nullptr; ++environment) {
    const std::string_view variable = *environment;
    const std::string_view name = variable.substr(0, variable.find('='));
    const std::string_view meant = likely_option(name);
    if (meant.empty()) continue;
    warnings.push_back(
        fmt::format("{} is not an option and has no effect; did you mean {}?", name, meant));
  }
  return warnings;
}

}  // namespace watchdog

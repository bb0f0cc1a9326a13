#include "http/conditional.h"

#include <optional>

#include "base/text.h"
#include "http/date.h"

namespace watchdog {

namespace {

bool is_weak(std::string_view etag) {
  return etag.starts_with("W/");
}

std::string_view opaque(std::string_view etag) {
  return is_weak(etag) ? etag.substr(2) : etag;
}

bool equal_weakly(std::string_view a, std::string_view b) {
  return opaque(a) == opaque(b);
}

bool equal_strongly(std::string_view a, std::string_view b) {
  return !is_weak(a) && a == b;
}

// Takes one entity-tag off the front of a list; empty when there is none, or none that is whole.
std::string_view take_etag(std::string_view& list) {
  const size_t start = list.find_first_not_of(" \t,");
  if (start == std::string_view::npos) return {};
  list.remove_prefix(start);
  const size_t open = is_weak(list) ? 2 : 0;
  if (list.size() <= open || list[open] != '"') return {};
  const size_t close = list.find('"', open + 1);
  if (close == std::string_view::npos) return {};
  const std::string_view etag = list.substr(0, close + 1);
  list.remove_prefix(close + 1);
  return etag;
}

// Whether a field of that name names `etag`, or everything ("*").
template <typename Equal>
bool names(const Fields& fields, std::string_view name, std::string_view etag, Equal equal) {
  for (const Field& field : fields) {
    if (!equals_ignoring_case(field.name, name)) continue;
    if (field.value == "*") return true;
    std::string_view list = field.value;
    while (true) {
      const std::string_view named = take_etag(list);
      if (named.empty()) break;
      if (equal(named, etag)) return true;
    }
  }
  return false;
}

std::optional<std::time_t> date_of(const Fields& fields, std::string_view name, std::time_t now) {
  const Field* field = fields.find(name);
  return field == nullptr ? std::nullopt : parse_http_date(field->value, now);
}

}  // namespace

Precondition check_preconditions(const RequestHead& request, const Validators& current,
                                 std::time_t now) {
  const Fields& fields = request.fields;
  if (fields.find("if-match") != nullptr) {
    if (!names(fields, "if-match", current.etag, equal_strongly)) return Precondition::kFailed;
  } else if (const auto since = date_of(fields, "if-unmodified-since", now)) {
    if (current.last_modified && *current.last_modified > *since) return Precondition::kFailed;
  }
  const bool reads = request.reads();
  if (fields.find("if-none-match") != nullptr) {
    if (!names(fields, "if-none-match", current.etag, equal_weakly)) return Precondition::kMet;
    return reads ? Precondition::kNotModified : Precondition::kFailed;
  }
  if (!reads || !current.last_modified) return Precondition::kMet;
  const auto since = date_of(fields, "if-modified-since", now);
  return since && *current.last_modified <= *since ? Precondition::kNotModified
                                                   : Precondition::kMet;
}

bool range_may_apply(const RequestHead& request, const Validators& current, std::time_t now) {
  const Field* field = request.fields.find("if-range");
  if (field == nullptr) return true;
  std::string_view value = field->value;
  if (value.starts_with('"') || is_weak(value)) {
    return equal_strongly(take_etag(value), current.etag);
  }
  // A date is a strong validator only once it cannot stand for two states (RFC 9110 8.8.2.2).
  const auto date = parse_http_date(value, now);
  return date && date == current.last_modified && *date < now;
}

}  // namespace watchdog

#include "trace/trace_context.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/text.h"

namespace watchdog {

namespace {

constexpr size_t kMostMembers = 32;
constexpr size_t kMostKept = 512;  // bytes
constexpr size_t kLongMember = 128;
constexpr size_t kMostOfKeyOrValue = 256;

constexpr uint8_t kSampled = 0x01;
constexpr uint8_t kRandom = 0x02;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f');
}

bool are_hex(std::string_view text) {
  return std::ranges::all_of(text, is_hex);
}

bool are_zeros(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c == '0'; });
}

uint8_t flags_of(std::string_view digits) {
  const auto value = [](char c) { return is_digit(c) ? c - '0' : c - 'a' + 10; };
  return static_cast<uint8_t>(value(digits[0]) * 16 + value(digits[1]));
}

// The one field of this name; null where there is none, or more than one.
const Field* only_field(const Fields& fields, std::string_view name) {
  const Field* only = nullptr;
  for (const Field& field : fields) {
    if (field.name.size() != name.size() || !equals_ignoring_case(field.name, name)) continue;
    if (only != nullptr) return nullptr;
    only = &field;
  }
  return only;
}

bool is_key(std::string_view key) {
  const auto begins = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'z'); };
  const auto goes_on = [begins](char c) {
    return begins(c) || std::string_view("_-*/@").find(c) != std::string_view::npos;
  };
  return !key.empty() && key.size() <= kMostOfKeyOrValue && begins(key.front()) &&
         std::ranges::all_of(key, goes_on);
}

bool is_value(std::string_view value) {
  const auto fits = [](char c) { return c >= 0x20 && c <= 0x7e && c != ',' && c != '='; };
  return !value.empty() && value.size() <= kMostOfKeyOrValue && value.back() != ' ' &&
         std::ranges::all_of(value, fits);
}

std::string_view key_of(std::string_view member) {
  return member.substr(0, member.find('='));
}

bool is_member(std::string_view member) {
  const std::string_view key = key_of(member);
  return key.size() < member.size() && is_key(key) && is_value(member.substr(key.size() + 1));
}

// The members of all fields of this name, the empty ones left out.
std::vector<std::string_view> members_of(const Fields& fields, std::string_view name) {
  std::vector<std::string_view> members;
  for (const Field& field : fields) {
    if (!equals_ignoring_case(field.name, name)) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const size_t comma = std::min(rest.find(','), rest.size());
      const std::string_view member = trim(rest.substr(0, comma));
      if (!member.empty()) members.push_back(member);
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return members;
}

bool names_a_key_twice(const std::vector<std::string_view>& members) {
  for (size_t i = 1; i < members.size(); ++i) {
    const auto end = members.begin() + static_cast<ptrdiff_t>(i);
    const std::string_view key = key_of(members[i]);
    if (std::any_of(members.begin(), end, [key](auto other) { return key_of(other) == key; })) {
      return true;
    }
  }
  return false;
}

size_t size_of(const std::vector<std::string_view>& members) {
  size_t size = members.empty() ? 0 : members.size() - 1;
  for (const std::string_view member : members) size += member.size();
  return size;
}

// From the end, as the first ones are the newest.
void shorten(std::vector<std::string_view>& members) {
  for (size_t i = members.size(); i > 0 && size_of(members) > kMostKept; --i) {
    if (members[i - 1].size() > kLongMember) {
      members.erase(members.begin() + static_cast<ptrdiff_t>(i - 1));
    }
  }
  while (size_of(members) > kMostKept) members.pop_back();
}

std::string joined(const std::vector<std::string_view>& members) {
  std::string text;
  for (const std::string_view member : members) {
    if (!text.empty()) text += ',';
    text += member;
  }
  return text;
}

}  // namespace

Traceparent write_traceparent(const TraceContext& context) {
  Traceparent text;
  char* next = text.data();
  const auto put = [&next](std::string_view part) { next = std::ranges::copy(part, next).out; };
  put("00-");
  put(context.ids.trace_id());
  put("-");
  put(context.ids.span_id());
  put("-0");
  const int flags = (context.sampled ? kSampled : 0) | (context.random_id ? kRandom : 0);
  *next = static_cast<char>('0' + flags);
  return text;
}

std::optional<TraceContext> parse_traceparent(std::string_view value) {
  constexpr size_t kWhole = std::tuple_size_v<Traceparent>;
  if (value.size() < kWhole) return std::nullopt;
  if (value[2] != '-' || value[35] != '-' || value[52] != '-') return std::nullopt;
  const std::string_view version = value.substr(0, 2);
  if (!are_hex(version) || version == "ff") return std::nullopt;
  const bool longer = value.size() > kWhole;
  if (longer && (version == "00" || value[kWhole] != '-')) return std::nullopt;
  const std::string_view trace = value.substr(3, 32);
  const std::string_view span = value.substr(36, 16);
  const std::string_view flags = value.substr(53, 2);
  if (!are_hex(trace) || !are_hex(span) || !are_hex(flags)) return std::nullopt;
  if (are_zeros(trace) || are_zeros(span)) return std::nullopt;
  TraceContext context;
  std::ranges::copy(trace, context.ids.trace.begin());
  std::ranges::copy(span, context.ids.span.begin());
  context.sampled = (flags_of(flags) & kSampled) != 0;
  context.random_id = (flags_of(flags) & kRandom) != 0;
  return context;
}

std::optional<TraceContext> received_context(const Fields& fields) {
  const Field* field = only_field(fields, kTraceparent);
  return field == nullptr ? std::nullopt : parse_traceparent(field->value);
}

std::string combined_tracestate(const Fields& fields) {
  if (fields.find(kTracestate) == nullptr) return {};
  std::vector<std::string_view> members = members_of(fields, kTracestate);
  if (members.size() > kMostMembers || !std::ranges::all_of(members, is_member)) return {};
  if (names_a_key_twice(members)) return {};
  shorten(members);
  return joined(members);
}

std::string combined_baggage(const Fields& fields) {
  if (fields.find(kBaggage) == nullptr) return {};
  return joined(members_of(fields, kBaggage));
}

}  // namespace watchdog

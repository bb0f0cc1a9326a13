#include "http/message.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <utility>

#include "base/text.h"

namespace watchdog {

namespace {

struct Phrase {
  int status;
  std::string_view text;
};

// The IANA registry, in order, and 499, which is nginx's word for a client that went away.
constexpr Phrase kPhrases[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {102, "Processing"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {208, "Already Reported"},
    {226, "IM Used"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {499, "Client Closed Request"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {506, "Variant Also Negotiates"},
    {507, "Insufficient Storage"},
    {508, "Loop Detected"},
    {510, "Not Extended"},
    {511, "Network Authentication Required"},
};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

// FNV-1a.
uint64_t hash_ignoring_case(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(lower(c))) * 0x100000001b3;
  return hash;
}

}  // namespace

void Fields::set(std::string_view name, std::string_view value) {
  for (Field& field : list_) {
    if (!equals_ignoring_case(field.name, name)) continue;
    field.value = value;
    return;
  }
  add(name, value);
}

// By a hash, and by the names themselves only where it is the same: long names that differ in their
// last bytes would cost too much.
std::vector<const Field*> Fields::by_name() const {
  std::vector<std::pair<uint64_t, const Field*>> keyed;
  keyed.reserve(list_.size());
  for (const Field& field : list_) keyed.emplace_back(hash_ignoring_case(field.name), &field);
  std::ranges::sort(keyed, [](const auto& a, const auto& b) {
    if (a.first != b.first) return a.first < b.first;
    if (equals_ignoring_case(a.second->name, b.second->name)) return a.second < b.second;
    return std::ranges::lexicographical_compare(a.second->name, b.second->name, {}, lower, lower);
  });
  std::vector<const Field*> sorted;
  sorted.reserve(keyed.size());
  for (const auto& [hash, field] : keyed) sorted.push_back(field);
  return sorted;
}

const Field* Fields::find(std::string_view name) const {
  for (const Field& field : list_) {
    if (field.name.size() == name.size() && equals_ignoring_case(field.name, name)) return &field;
  }
  return nullptr;
}

bool Fields::lists(std::string_view name, std::string_view token) const {
  for (const Field& field : list_) {
    if (!equals_ignoring_case(field.name, name)) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const size_t comma = std::min(rest.find(','), rest.size());
      if (equals_ignoring_case(trim(rest.substr(0, comma)), token)) return true;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return false;
}

// What follows the authority of an absolute-form target (RFC 9112 3.2.2 and 3.2.4).
std::string_view RequestHead::path_and_query() const {
  if (target.starts_with('/') || target == "*") return target;
  const size_t scheme = target.find("://");
  if (scheme == std::string_view::npos) return target;
  const size_t path = target.find_first_of("/?", scheme + 3);
  if (path == std::string_view::npos) return method == "OPTIONS" ? "*" : "/";
  return target.substr(path);
}

std::string_view RequestHead::path() const {
  const std::string_view whole = path_and_query();
  const std::string_view before = whole.substr(0, whole.find('?'));
  return before.empty() ? std::string_view("/") : before;
}

std::string_view RequestHead::query() const {
  const std::string_view whole = path_and_query();
  const size_t mark = whole.find('?');
  return mark == std::string_view::npos ? std::string_view() : whole.substr(mark + 1);
}

std::string_view RequestHead::authority() const {
  const size_t scheme = target.starts_with('/') ? std::string_view::npos : target.find("://");
  if (scheme != std::string_view::npos) {
    const std::string_view rest = target.substr(scheme + 3);
    return rest.substr(0, rest.find_first_of("/?"));
  }
  const Field* host = fields.find("host");
  return host != nullptr ? host->value : std::string_view();
}

std::string_view reason_phrase(int status) {
  const auto* const found =
      std::lower_bound(std::begin(kPhrases), std::end(kPhrases), status,
                       [](const Phrase& phrase, int wanted) { return phrase.status < wanted; });
  return found != std::end(kPhrases) && found->status == status ? found->text : std::string_view();
}

bool response_has_body(std::string_view method, int status) {
  return method != "HEAD" && status >= 200 && status != 204 && status != 304;
}

void append_status_line(std::string& out, int status, std::string_view reason) {
  append_number(out.append("HTTP/1.1 "), static_cast<uint64_t>(status));
  out += ' ';
  out.append(reason.empty() ? reason_phrase(status) : reason).append("\r\n");
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

void append_chunk_header(std::string& out, uint64_t size) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<char, 16> digits;
  size_t first = digits.size();
  do {
    digits[--first] = kDigits[size & 15];
    size >>= 4;
  } while (size != 0);
  out.append(digits.data() + first, digits.size() - first).append("\r\n");
}

}  // namespace watchdog

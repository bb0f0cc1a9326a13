#include "http/strict.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/text.h"

namespace watchdog {

namespace {

using Refused = std::optional<Refusal>;

constexpr uint64_t kLongestBody = std::numeric_limits<int64_t>::max();

// The methods that every version of llhttp knows, without CONNECT: we are no proxy.
constexpr std::array<std::string_view, 33> kMethods = {
    "GET",       "POST",      "HEAD",       "PUT",        "DELETE",     "PATCH",  "OPTIONS",
    "TRACE",     "ACL",       "BIND",       "CHECKOUT",   "COPY",       "LINK",   "LOCK",
    "M-SEARCH",  "MERGE",     "MKACTIVITY", "MKCALENDAR", "MKCOL",      "MOVE",   "NOTIFY",
    "PROPFIND",  "PROPPATCH", "PURGE",      "REBIND",     "REPORT",     "SEARCH", "SOURCE",
    "SUBSCRIBE", "UNBIND",    "UNLINK",     "UNLOCK",     "UNSUBSCRIBE"};

// Which bytes may stand where.
enum : uint8_t { kToken = 1, kHost = 2, kTarget = 4, kLine = 8, kQuoted = 16 };

constexpr std::array<uint8_t, 256> kBytes = [] {
  std::array<uint8_t, 256> bytes{};
  for (size_t c = 0; c < bytes.size(); ++c) {
    const bool text = (c >= 0x20 && c != 0x7f) || c == '\t';
    if (text) bytes[c] |= kLine;
    if (text && c != '"' && c != '\\') bytes[c] |= kQuoted;
    // A fragment never travels (RFC 9112 3.2).
    if (c > 0x20 && c < 0x7f && c != '#') bytes[c] |= kTarget;
  }
  const auto allow = [&bytes](std::string_view list, uint8_t where) {
    for (const char c : list) bytes[static_cast<unsigned char>(c)] |= where;
  };
  allow("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", kToken | kHost);
  allow("!#$%&'*+-.^_`|~", kToken);  // RFC 9110 5.6.2
  allow("-._~!$&'()*+,;=%", kHost);  // RFC 3986 3.2.2, reg-name
  return bytes;
}();

bool is(char c, uint8_t where) {
  return (kBytes[static_cast<unsigned char>(c)] & where) != 0;
}

bool all_are(std::string_view text, uint8_t where) {
  return std::all_of(text.begin(), text.end(), [where](char c) { return is(c, where); });
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool all_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), is_digit);
}

// RFC 9110 7.2: uri-host [ ":" port ]; an IP literal in outline.
bool is_host(std::string_view text) {
  size_t end = std::min(text.find(':'), text.size());
  if (text.starts_with('[')) {
    end = text.find(']');
    if (end == std::string_view::npos) return false;
    for (const char c : text.substr(1, end - 1)) {
      if (c != ':' && !is(c, kHost)) return false;
    }
    ++end;
  } else if (!all_are(text.substr(0, end), kHost)) {
    return false;
  }
  const std::string_view port = text.substr(end);
  return port.empty() || (port.front() == ':' && all_digits(port.substr(1)));
}

// RFC 9112 3.2: origin-form, absolute-form, or the asterisk of OPTIONS.
bool has_known_form(std::string_view method, std::string_view target) {
  if (target.front() == '/') return true;
  if (target == "*") return method == "OPTIONS";
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!starts_with_ignoring_case(target, scheme)) continue;
    target.remove_prefix(scheme.size());
    const std::string_view authority = target.substr(0, target.find_first_of("/?"));
    return !authority.empty() && authority.front() != ':' && is_host(authority);
  }
  return false;
}

Refused check_version(std::string_view version) {
  const bool well_formed = version.size() == 8 && version.starts_with("HTTP/") &&
                           is_digit(version[5]) && version[6] == '.' && is_digit(version[7]);
  if (!well_formed) return Refusal{400, "malformed HTTP version"};
  // RFC 9110 2.5: a higher minor version is the highest that we know.
  if (version[5] != '1') return Refusal{505, "an HTTP version other than 1.1 and 1.0"};
  return std::nullopt;
}

// Removes the longest start of `text` that may stand there; whether there was any.
bool drop(std::string_view& text, uint8_t where) {
  size_t size = 0;
  while (size < text.size() && is(text[size], where)) ++size;
  text.remove_prefix(size);
  return size > 0;
}

bool drop(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

// The rest of a quoted-string after its first quote (RFC 9110 5.6.4).
bool drop_quoted(std::string_view& text) {
  for (;;) {
    drop(text, kQuoted);
    if (drop(text, '"')) return true;
    if (!drop(text, '\\') || text.empty()) return false;
    text.remove_prefix(1);
  }
}

// Bad white space, which nobody should send and everybody must parse (RFC 9110 5.6.3).
bool drop_white_space(std::string_view& text) {
  const size_t before = text.size();
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  return text.size() < before;
}

// RFC 9112 7.1.1: *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] ).
bool are_chunk_extensions(std::string_view text) {
  while (!text.empty()) {
    drop_white_space(text);
    if (!drop(text, ';')) return false;
    drop_white_space(text);
    if (!drop(text, kToken)) return false;
    const bool space = drop_white_space(text);
    if (drop(text, '=')) {
      drop_white_space(text);
      if (drop(text, '"') ? !drop_quoted(text) : !drop(text, kToken)) return false;
    } else if (space && !text.starts_with(';')) {
      return false;
    }
  }
  return true;
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() && all_are(text, kToken);
}

Refused check_line_bytes(std::string_view bytes) {
  for (const char c : bytes) {
    if (is(c, kLine)) continue;
    if (c == '\r') return Refusal{400, "a CR without LF"};
    if (c == '\0') return Refusal{400, "a NUL byte"};
    return Refusal{400, "a control character"};
  }
  return std::nullopt;
}

Refused check_field_line(std::string_view line) {
  if (line.starts_with(' ') || line.starts_with('\t')) return Refusal{400, "a folded header line"};
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return Refusal{400, "a header line without a colon"};
  const std::string_view name = line.substr(0, colon);
  if (name.ends_with(' ') || name.ends_with('\t')) {
    return Refusal{400, "white space before the colon of a header field"};
  }
  if (!is_token(name)) return Refusal{400, "malformed header field name"};
  return std::nullopt;
}

Refused check_chunk_line(std::string_view line, Sender sender, uint64_t& size) {
  const size_t digits = std::min(line.find_first_of("; \t"), line.size());
  if (digits == 0) return Refusal{400, "no chunk size"};
  size = 0;
  for (const char c : line.substr(0, digits)) {
    const int digit = hex_digit(c);
    if (digit < 0) return Refusal{400, "malformed chunk size"};
    if (size > kLongestBody >> 4) return Refusal{400, "too large a chunk size"};
    size = size << 4 | static_cast<uint64_t>(digit);
  }
  const std::string_view rest = line.substr(digits);
  if (sender == Sender::kFunction) {
    const std::string_view extensions = trim(rest);
    if (extensions.empty() || extensions.starts_with(';')) return std::nullopt;
    return Refusal{400, "malformed chunk size"};
  }
  if (!are_chunk_extensions(rest)) return Refusal{400, "malformed chunk extension"};
  return std::nullopt;
}

bool blank_control_characters(std::string& bytes, size_t from, size_t end) {
  bool any = false;
  for (size_t i = from; i < end; ++i) {
    if (is(bytes[i], kLine)) continue;
    bytes[i] = ' ';
    any = true;
  }
  return any;
}

Refused HeadCheck::request_line(std::string_view line, size_t longest_target) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  const std::string_view method = line.substr(0, first);
  if (!is_token(method)) return Refusal{400, "malformed method"};
  if (first == last) return Refusal{400, "not a method, a target and an HTTP version"};
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (const auto refused = check_version(version)) return refused;
  http_1_0_ = version.ends_with('0');
  if (method == "CONNECT") return Refusal{501, "CONNECT: this is no proxy"};
  if (std::find(kMethods.begin(), kMethods.end(), method) == kMethods.end()) {
    return Refusal{501, "unknown method"};
  }
  if (target.size() > longest_target) return Refusal{414, "too long a request target"};
  if (target.empty() || !all_are(target, kTarget) || !has_known_form(method, target)) {
    return Refusal{400, "malformed request target"};
  }
  return std::nullopt;
}

Refused HeadCheck::status_line(std::string_view line) {
  request_ = false;
  const size_t space = std::min(line.find(' '), line.size());
  if (const auto refused = check_version(line.substr(0, space))) return refused;
  http_1_0_ = line.substr(0, space).ends_with('0');
  const std::string_view status = line.substr(space);
  const bool well_formed = status.size() >= 4 && status[1] >= '1' && status[1] <= '9' &&
                           all_digits(status.substr(1, 3)) &&
                           (status.size() == 4 || status[4] == ' ');
  if (!well_formed) return Refusal{400, "malformed status line"};
  return std::nullopt;
}

Refused HeadCheck::field_line(std::string_view line) {
  if (const auto refused = check_field_line(line)) return refused;
  ++fields_;
  const size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trim(line.substr(colon + 1));
  if (request_ && equals_ignoring_case(name, "host")) return host(value);
  if (equals_ignoring_case(name, "content-length")) {
    // RFC 9110 allows it; llhttp does not.
    const bool tab_after = line.find('\t', line.find_last_not_of(" \t")) != std::string_view::npos;
    if (sender_ == Sender::kFunction) {
      length_is_mended_ = length_is_mended_ || tab_after || has_length_;
      return lengths(value);
    }
    return tab_after ? Refusal{400, "a tab after Content-Length"} : length(value);
  }
  if (equals_ignoring_case(name, "transfer-encoding")) return codings(value);
  return std::nullopt;
}

Refused HeadCheck::host(std::string_view value) {
  if (has_host_) return Refusal{400, "more than one Host field"};
  has_host_ = true;
  if (!is_host(value)) return Refusal{400, "malformed Host"};
  return std::nullopt;
}

Refused HeadCheck::length(std::string_view value) {
  if (has_length_) return Refusal{400, "more than one Content-Length field"};
  has_length_ = true;
  if (value.empty() || !all_digits(value)) return Refusal{400, "malformed Content-Length"};
  for (const char c : value) {
    const auto digit = static_cast<uint64_t>(c - '0');
    if (content_length_ > (kLongestBody - digit) / 10) {
      return Refusal{400, "too large a Content-Length"};
    }
    content_length_ = content_length_ * 10 + digit;
  }
  return std::nullopt;
}

// RFC 9110 8.6: the same length several times, in one field or in several.
Refused HeadCheck::lengths(std::string_view list) {
  for (;;) {
    const size_t comma = list.find(',');
    const std::optional<uint64_t> before =
        has_length_ ? std::optional(content_length_) : std::nullopt;
    has_length_ = false;
    content_length_ = 0;
    if (const auto refused = length(trim(list.substr(0, comma)))) return refused;
    if (before && *before != content_length_) return Refusal{400, "two different Content-Lengths"};
    if (comma == std::string_view::npos) return std::nullopt;
    length_is_mended_ = true;
    list.remove_prefix(comma + 1);
  }
}

// Several fields are one list (RFC 9110 5.3).
Refused HeadCheck::codings(std::string_view list) {
  has_coding_ = true;
  for (;;) {
    const size_t comma = list.find(',');
    if (const auto refused = coding(trim(list.substr(0, comma)))) return refused;
    if (comma == std::string_view::npos) return std::nullopt;
    list.remove_prefix(comma + 1);
  }
}

// RFC 9112 6.1: chunked must come last, once, and it is the only coding that we know.
Refused HeadCheck::coding(std::string_view name) {
  if (chunked_) return Refusal{400, "a transfer coding after chunked"};
  if (!is_token(name)) return Refusal{400, "malformed Transfer-Encoding"};
  chunked_ = equals_ignoring_case(name, "chunked");
  if (!chunked_) unknown_coding_ = true;
  return std::nullopt;
}

Refused HeadCheck::end() {
  if (request_ && !has_host_ && !http_1_0_) return Refusal{400, "no Host field"};
  if (!has_coding_) return std::nullopt;
  if (http_1_0_) return Refusal{400, "Transfer-Encoding in HTTP/1.0"};
  if (has_length_ && sender_ == Sender::kClient) {
    return Refusal{400, "both Content-Length and Transfer-Encoding"};
  }
  if (has_length_) {
    has_length_ = false;
    content_length_ = 0;
    length_is_mended_ = poisons_connection_ = true;
  }
  if (unknown_coding_) return Refusal{501, "a transfer coding other than chunked"};
  return std::nullopt;
}

}  // namespace watchdog

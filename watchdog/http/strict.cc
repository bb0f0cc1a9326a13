#include "http/strict.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace watchdog {

namespace {

// RFC 9110 9.3 and the registered methods that every llhttp knows. CONNECT is not among them: we
// are no proxy.
constexpr std::array<std::string_view, 33> kMethods = {
    "GET",        "POST",       "HEAD",  "PUT",      "DELETE", "PATCH",     "OPTIONS",
    "TRACE",      "COPY",       "LOCK",  "MKCOL",    "MOVE",   "PROPFIND",  "PROPPATCH",
    "SEARCH",     "UNLOCK",     "BIND",  "REBIND",   "UNBIND", "ACL",       "REPORT",
    "MKACTIVITY", "CHECKOUT",   "MERGE", "M-SEARCH", "NOTIFY", "SUBSCRIBE", "UNSUBSCRIBE",
    "PURGE",      "MKCALENDAR", "LINK",  "UNLINK",   "SOURCE"};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_alpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// RFC 9110 5.6.2.
bool is_token_char(char c) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return is_digit(c) || is_alpha(c) || kOthers.find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

bool is_visible(char c) {
  return c > 0x20 && c < 0x7f;
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

std::optional<Refusal> check_version(std::string_view version) {
  const bool well_formed = version.size() == 8 && version.starts_with("HTTP/") &&
                           is_digit(version[5]) && version[6] == '.' && is_digit(version[7]);
  if (!well_formed) return Refusal{400, "malformed HTTP version"};
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return Refusal{505, "only HTTP/1.1 and HTTP/1.0 are spoken here"};
  }
  return std::nullopt;
}

std::optional<Refusal> check_target(std::string_view method, std::string_view target) {
  if (target.empty() || !std::all_of(target.begin(), target.end(), is_visible)) {
    return Refusal{400, "malformed request target"};
  }
  if (target.find('#') != std::string_view::npos) {
    return Refusal{400, "a fragment in the request target"};
  }
  const bool absolute = target.starts_with("http://") || target.starts_with("https://");
  const bool asterisk = target == "*" && method == "OPTIONS";
  if (!target.starts_with('/') && !absolute && !asterisk) {
    return Refusal{400, "the request target is neither a path nor a URL"};
  }
  return std::nullopt;
}

// RFC 3986 3.2.2 and 3.2.3, in outline: a name or address and perhaps a port.
bool is_host(std::string_view host) {
  const auto allowed = [](char c) {
    constexpr std::string_view kOthers = "-._~!$&'()*+,;=:[]%";
    return is_digit(c) || is_alpha(c) || kOthers.find(c) != std::string_view::npos;
  };
  return std::all_of(host.begin(), host.end(), allowed);
}

std::optional<Refusal> check_host(const RequestHead& head) {
  int hosts = 0;
  for (const Field& field : head.fields) {
    if (!equals_ignoring_case(field.name, "host")) continue;
    ++hosts;
    if (!is_host(field.value)) return Refusal{400, "malformed Host"};
  }
  if (hosts > 1) return Refusal{400, "more than one Host"};
  if (hosts == 0 && head.minor_version >= 1) return Refusal{400, "no Host"};
  return std::nullopt;
}

std::optional<Refusal> take_length(RequestHead& head, std::string_view value) {
  constexpr uint64_t kMost = UINT64_MAX >> 1;
  if (value.empty() || !std::all_of(value.begin(), value.end(), is_digit)) {
    return Refusal{400, "malformed Content-Length"};
  }
  uint64_t length = 0;
  for (const char c : value) {
    if (length > kMost / 10) return Refusal{400, "Content-Length is too large"};
    length = length * 10 + static_cast<uint64_t>(c - '0');
  }
  head.content_length = length;
  head.framing = length > 0 ? BodyFraming::kSized : BodyFraming::kNone;
  return std::nullopt;
}

// RFC 9112 6.1: chunked must be the last coding, and it is the only one that we decode.
std::optional<Refusal> check_coding(const RequestHead& head, std::string_view value) {
  if (head.minor_version == 0) return Refusal{400, "Transfer-Encoding in HTTP/1.0"};
  if (equals_ignoring_case(value, "chunked")) return std::nullopt;
  const size_t comma = value.rfind(',');
  const std::string_view last =
      trim(comma == std::string_view::npos ? value : value.substr(comma + 1));
  const std::string_view before = comma == std::string_view::npos ? "" : value.substr(0, comma);
  if (comma != std::string_view::npos && !equals_ignoring_case(last, "chunked")) {
    return Refusal{400, "chunked is not the last transfer coding"};
  }
  if (!is_token(last)) return Refusal{400, "malformed Transfer-Encoding"};
  if (equals_ignoring_case(trim(before), "chunked")) {
    return Refusal{400, "chunked twice in Transfer-Encoding"};
  }
  return Refusal{501, "a transfer coding other than chunked"};
}

}  // namespace

std::optional<Refusal> check_line_bytes(std::string_view bytes) {
  // The CR of a CRLF whose LF is still to come.
  if (bytes.ends_with('\r')) bytes.remove_suffix(1);
  for (const char c : bytes) {
    if (c == '\r') return Refusal{400, "a CR without LF"};
    if (is_control(c) && c != '\t') return Refusal{400, "a control character"};
  }
  return std::nullopt;
}

std::optional<Refusal> check_request_line(std::string_view line) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  const std::string_view method = line.substr(0, first);
  if (!is_token(method)) return Refusal{400, "malformed method"};
  if (first == std::string_view::npos || first == last) {
    return Refusal{400, "the request line is not: method, target, version"};
  }
  const std::string_view target = line.substr(first + 1, last - first - 1);
  if (const auto wrong = check_version(line.substr(last + 1))) return wrong;
  if (std::find(kMethods.begin(), kMethods.end(), method) == kMethods.end()) {
    return Refusal{501, "unknown method"};
  }
  return check_target(method, target);
}

std::optional<Refusal> check_field_line(std::string_view line) {
  if (line.starts_with(' ') || line.starts_with('\t')) {
    return Refusal{400, "a folded header line"};
  }
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return Refusal{400, "a header line without a colon"};
  if (!is_token(line.substr(0, colon))) return Refusal{400, "malformed header field name"};
  return std::nullopt;
}

std::optional<Refusal> check_chunk_line(std::string_view line, uint64_t& size) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  constexpr size_t kMostDigits = 15;
  const size_t end = std::min(line.find(';'), line.size());
  if (end == 0 || end > kMostDigits) return Refusal{400, "malformed chunk size"};
  size = 0;
  for (const char c : line.substr(0, end)) {
    const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
    const size_t digit = kDigits.find(lower);
    if (digit == std::string_view::npos) return Refusal{400, "malformed chunk size"};
    size = size * 16 + digit;
  }
  return std::nullopt;
}

std::optional<Refusal> complete_head(RequestHead& head) {
  if (const auto wrong = check_host(head)) return wrong;
  int lengths = 0;
  int codings = 0;
  for (const Field& field : head.fields) {
    if (equals_ignoring_case(field.name, "content-length")) {
      ++lengths;
      if (const auto wrong = take_length(head, field.value)) return wrong;
    } else if (equals_ignoring_case(field.name, "transfer-encoding")) {
      ++codings;
      if (const auto wrong = check_coding(head, field.value)) return wrong;
    }
  }
  if (lengths > 1) return Refusal{400, "more than one Content-Length"};
  if (codings > 1) return Refusal{400, "more than one Transfer-Encoding"};
  if (lengths > 0 && codings > 0) return Refusal{400, "Content-Length with Transfer-Encoding"};
  if (codings > 0) head.framing = BodyFraming::kChunked;

  const bool close = head.fields.lists("connection", "close");
  const bool keep = head.minor_version >= 1 || head.fields.lists("connection", "keep-alive");
  head.keep_alive = keep && !close;
  head.expects_continue =
      head.minor_version >= 1 && head.has_body() && head.fields.lists("expect", "100-continue");
  return std::nullopt;
}

}  // namespace watchdog

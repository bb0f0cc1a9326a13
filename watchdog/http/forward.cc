#include "http/forward.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "http/auth_field.h"
#include "http/forwarded.h"

namespace watchdog {

namespace {

constexpr std::array<std::string_view, 6> kHopByHop = {
    "te", "upgrade", "connection", "keep-alive", "proxy-connection", "transfer-encoding"};

// Fields that say how a message is framed, routed or sent, and who sends it, must come before it.
constexpr std::array<std::string_view, 11> kNotInTrailers = {"content-length",
                                                             "host",
                                                             "content-type",
                                                             "content-encoding",
                                                             "content-range",
                                                             "trailer",
                                                             "expect",
                                                             "authorization",
                                                             "cookie",
                                                             "set-cookie",
                                                             "proxy-authorization"};

template <typename Names>
bool contains(const Names& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(),
                     [name](std::string_view one) { return equals_ignoring_case(one, name); });
}

void append_request_line(std::string& out, const RequestHead& request, std::string_view prefix) {
  std::string_view target = request.target;
  if (!target.starts_with('/')) {  // absolute-form: the authority is Host's
    const size_t path = target.find_first_of("/?", target.find("://") + 3);
    const bool whole = path != std::string_view::npos;
    target = request.path() == "*" ? "*" : whole ? target.substr(path) : std::string_view();
  }
  out.append(request.method).append(1, ' ');
  if (target != "*") out.append(prefix);
  if (!target.starts_with('/') && target != "*") out.append(1, '/');
  out.append(target).append(" HTTP/1.1\r\n");
}

// What is asked of this connection, rather than what was asked of the one before.
void append_connection(std::string& out, const RequestHead& request) {
  const std::string_view upgrade = wanted_upgrade(request);
  const bool trailers = request.fields.lists("te", "trailers");
  if (trailers) append_field(out, "TE", "trailers");
  if (!upgrade.empty()) append_field(out, "Upgrade", upgrade);
  if (!upgrade.empty() && trailers) {
    append_field(out, "Connection", "Upgrade, TE");
  } else if (!upgrade.empty() || trailers) {
    append_field(out, "Connection", trailers ? "TE" : "Upgrade");
  }
}

}  // namespace

std::string_view wanted_upgrade(const RequestHead& request) {
  if (request.minor_version == 0 || !request.connection.upgrade()) return {};
  const Field* field = request.fields.find("upgrade");
  return field == nullptr ? std::string_view() : field->value;
}

void append_forwarded_head(std::string& out, const RequestHead& request, const Hop& hop,
                           const uint64_t* collected) {
  append_request_line(out, request, hop.prefix);
  bool has_host = false;
  for (const Field& field : request.fields) {
    if (contains(kHopByHop, field.name) || request.connection.name(field.name)) continue;
    if (collected != nullptr && equals_ignoring_case(field.name, "expect")) continue;
    has_host = has_host || equals_ignoring_case(field.name, "host");
    append_field(out, field.name, field.value);
  }
  if (!has_host) append_field(out, "Host", hop.authority);
  if (collected != nullptr) {
    append_number(out.append("Content-Length: "), *collected);
    out += "\r\n";
  } else if (request.framing == BodyFraming::kChunked) {
    append_field(out, "Transfer-Encoding", "chunked");
  }
  append_connection(out, request);
  out.append("\r\n");
}

void forward_fields(const UpstreamResponse& response, Fields& out) {
  const Fields& fields = response.fields;
  out.reserve(fields.size() + 4);
  for (const Field& field : fields) {
    if (contains(kHopByHop, field.name) || response.connection.name(field.name)) continue;
    const bool length = equals_ignoring_case(field.name, "content-length");
    if (length && (response.status < 200 || response.status == 204)) continue;
    out.add(field.name, field.value);
  }
}

std::string forwarded_trailers(std::string_view trailers) {
  std::string out;
  while (!trailers.empty()) {
    const size_t end = trailers.find("\r\n") + 2;
    const std::string_view line = trailers.substr(0, end);
    const std::string_view name = line.substr(0, line.find(':'));
    const bool in_head =
        contains(kNotInTrailers, name) || is_forwarded_field(name) || is_auth_field(name);
    if (!contains(kHopByHop, name) && !in_head) out.append(line);
    trailers.remove_prefix(end);
  }
  return out;
}

}  // namespace watchdog

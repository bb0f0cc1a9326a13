#include "http/forward.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace watchdog {

namespace {

constexpr std::array<std::string_view, 6> kHopByHop = {
    "te", "upgrade", "connection", "keep-alive", "proxy-connection", "transfer-encoding"};

// Fields that say how a message is framed, routed or sent must come before it.
constexpr std::array<std::string_view, 6> kNotInTrailers = {
    "content-length", "host", "content-type", "content-encoding", "content-range", "trailer"};

template <typename Names>
bool contains(const Names& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(),
                     [name](std::string_view one) { return equals_ignoring_case(one, name); });
}

// Most messages have no Connection field, or one that names nothing but itself.
bool connection_lists(const Fields& fields, std::string_view name) {
  return fields.lists("connection", name);
}

// Where each X-Forwarded field of a request goes on from.
class ForwardedFields {
 public:
  explicit ForwardedFields(const Fields& fields) {
    for (const Field& field : fields) {
      if (field.name.size() < kPrefix.size()) continue;
      if (!equals_ignoring_case(field.name.substr(0, kPrefix.size()), kPrefix)) continue;
      const std::string_view kind = field.name.substr(kPrefix.size());
      if (equals_ignoring_case(kind, "for")) last_for_ = &field;
      has_host_ = has_host_ || equals_ignoring_case(kind, "host");
      has_proto_ = has_proto_ || equals_ignoring_case(kind, "proto");
    }
  }

  bool is_last_for(const Field& field) const { return &field == last_for_; }

  // Those that the client did not send.
  void append_missing(std::string& out, std::string_view host, std::string_view peer) const {
    if (last_for_ == nullptr && !peer.empty()) append_field(out, "X-Forwarded-For", peer);
    if (!has_host_ && !host.empty()) append_field(out, "X-Forwarded-Host", host);
    if (!has_proto_) append_field(out, "X-Forwarded-Proto", "http");
  }

 private:
  static constexpr std::string_view kPrefix = "x-forwarded-";

  const Field* last_for_ = nullptr;  // the next hop's address goes to its end
  bool has_host_ = false;
  bool has_proto_ = false;
};

void append_request_line(std::string& out, const RequestHead& request, std::string_view prefix) {
  std::string_view target = request.target;
  if (!target.starts_with('/') && target != "*") {  // absolute-form: the authority is Host's
    const size_t path = target.find_first_of("/?", target.find("://") + 3);
    target = path == std::string_view::npos ? std::string_view() : target.substr(path);
  }
  out.append(request.method).append(1, ' ');
  if (target != "*") out.append(prefix);
  if (!target.starts_with('/') && target != "*") out.append(1, '/');
  out.append(target).append(" HTTP/1.1\r\n");
}

}  // namespace

bool is_hop_by_hop(const Fields& fields, std::string_view name) {
  return contains(kHopByHop, name) || connection_lists(fields, name);
}

std::string_view wanted_upgrade(const Fields& fields) {
  if (!connection_lists(fields, "upgrade")) return {};
  const Field* field = fields.find("upgrade");
  return field == nullptr ? std::string_view() : field->value;
}

void append_forwarded_head(std::string& out, const RequestHead& request, const Hop& hop,
                           const uint64_t* collected) {
  append_request_line(out, request, hop.prefix);
  const Fields& fields = request.fields;
  const bool has_connection = fields.find("connection") != nullptr;
  const ForwardedFields forwarded(fields);
  bool has_host = false;
  for (const Field& field : fields) {
    if (contains(kHopByHop, field.name)) continue;
    if (has_connection && connection_lists(fields, field.name)) {
      // RFC 9110 7.6.1: what every recipient needs is no option of a connection.
      const bool needed = equals_ignoring_case(field.name, "host") ||
                          equals_ignoring_case(field.name, "content-length");
      if (!needed) continue;
    }
    const bool is_host = equals_ignoring_case(field.name, "host");
    has_host = has_host || is_host;
    out.append(field.name).append(": ").append(is_host ? request.authority() : field.value);
    if (forwarded.is_last_for(field) && !hop.peer.empty()) {
      out.append(field.value.empty() ? "" : ", ").append(hop.peer);
    }
    out.append("\r\n");
  }
  if (!has_host) append_field(out, "Host", hop.authority);
  forwarded.append_missing(out, request.authority(), hop.peer);
  if (collected != nullptr) {
    append_number(out.append("Content-Length: "), *collected);
    out += "\r\n";
  } else if (request.framing == BodyFraming::kChunked) {
    append_field(out, "Transfer-Encoding", "chunked");
  }
  const std::string_view upgrade =
      request.minor_version >= 1 ? wanted_upgrade(fields) : std::string_view();
  const bool trailers = fields.lists("te", "trailers");
  if (trailers) append_field(out, "TE", "trailers");
  if (!upgrade.empty()) append_field(out, "Upgrade", upgrade);
  if (!upgrade.empty() && trailers) {
    append_field(out, "Connection", "Upgrade, TE");
  } else if (!upgrade.empty() || trailers) {
    append_field(out, "Connection", trailers ? "TE" : "Upgrade");
  }
  out.append("\r\n");
}

void forward_fields(const ResponseHead& response, Fields& out) {
  const Fields& fields = response.fields;
  out.reserve(fields.size() + 4);
  const bool has_connection = fields.find("connection") != nullptr;
  for (const Field& field : fields) {
    if (contains(kHopByHop, field.name)) continue;
    const bool length = equals_ignoring_case(field.name, "content-length");
    if (has_connection && !length && connection_lists(fields, field.name)) continue;
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
    if (!contains(kHopByHop, name) && !contains(kNotInTrailers, name)) out.append(line);
    trailers.remove_prefix(end);
  }
  return out;
}

}  // namespace watchdog

#include "http/forwarded.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"

namespace watchdog {

namespace {

constexpr std::string_view kFamily = "x-forwarded-";

// The same name, case and the two dashes of '-' and '_' ignored.
bool same_name(std::string_view name, std::string_view wanted) {
  return name.size() == wanted.size() &&
         std::equal(name.begin(), name.end(), wanted.begin(), [](char c, char other) {
           if (c == '_') c = '-';
           return (c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) == other;
         });
}

// One pair of a Forwarded field (RFC 7239 4); a quoted value comes without its quotes.
struct Pair {
  size_t element = 0;  // each proxy adds one, counted over all fields
  std::string_view name;
  std::string value;
};

// Takes a token or a quoted-string off the front of `text`; false when its last quote is missing.
bool take_value(std::string_view& text, std::string& value) {
  value.clear();
  if (!text.starts_with('"')) {
    value = text.substr(0, text.find_first_of(",; \t\""));
    text.remove_prefix(value.size());
    return true;
  }
  text.remove_prefix(1);
  while (!text.empty() && text.front() != '"') {
    if (text.front() == '\\' && text.size() > 1) text.remove_prefix(1);
    value += text.front();
    text.remove_prefix(1);
  }
  if (text.empty()) return false;
  text.remove_prefix(1);
  return true;
}

// Takes what separates pairs off the front of `text`.
void skip_separators(std::string_view& text, size_t& element) {
  while (!text.empty() && std::string_view(",; \t").find(text.front()) != std::string_view::npos) {
    if (text.front() == ',') ++element;
    text.remove_prefix(1);
  }
}

// Tells each pair of every Forwarded field, in order. False when they are malformed: then nobody
// can say who wrote what, and nothing of it counts.
template <typename Tell>
bool for_each_pair(const Fields& fields, Tell tell) {
  Pair pair;
  for (const Field& field : fields) {
    if (!equals_ignoring_case(field.name, "forwarded")) continue;
    std::string_view rest = field.value;
    for (skip_separators(rest, pair.element); !rest.empty(); skip_separators(rest, pair.element)) {
      const size_t equals = rest.find_first_of("=,; \t\"");
      if (equals == std::string_view::npos || rest[equals] != '=') return false;
      pair.name = rest.substr(0, equals);
      rest.remove_prefix(equals + 1);
      if (!take_value(rest, pair.value)) return false;
      tell(pair);
    }
    ++pair.element;
  }
  return true;
}

// The first value of that name in Forwarded, which is the client's; empty when there is none.
std::string first_in_forwarded(const Fields& fields, std::string_view name) {
  std::string first;
  const bool sound = for_each_pair(fields, [&](const Pair& pair) {
    if (first.empty() && equals_ignoring_case(pair.name, name)) first = pair.value;
  });
  return sound ? first : std::string();
}

// "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]:80"; nothing of "unknown", "_hidden".
std::optional<IpAddress> node_address(std::string_view node) {
  if (node.starts_with('[')) {
    const size_t end = node.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    return IpAddress::parse(node.substr(1, end - 1));
  }
  const size_t colon = node.find(':');
  const bool has_port = colon != std::string_view::npos && colon == node.rfind(':');
  return IpAddress::parse(has_port ? node.substr(0, colon) : node);
}

// The nodes that a request has passed, the client first.
std::vector<std::string> passed_nodes(const Fields& fields) {
  std::vector<std::string> nodes;
  for (const Field& field : fields) {
    if (!equals_ignoring_case(field.name, "x-forwarded-for")) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const size_t comma = std::min(rest.find(','), rest.size());
      nodes.emplace_back(trim(rest.substr(0, comma)));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  if (!nodes.empty()) return nodes;
  // A proxy that does not say for whom leaves an empty one, which is nobody that could be trusted.
  size_t elements = 0;
  const bool sound = for_each_pair(fields, [&](const Pair& pair) {
    elements = pair.element + 1;
    if (!equals_ignoring_case(pair.name, "for")) return;
    nodes.resize(elements);
    nodes.back() = pair.value;
  });
  nodes.resize(elements);
  if (!sound) nodes.clear();
  return nodes;
}

// Which of those that we can say ourselves a request says already.
struct Told {
  Told() = default;
  explicit Told(const Fields& fields) {
    for (const Field& field : fields) {
      by = by || equals_ignoring_case(field.name, "x-forwarded-for");
      host = host || equals_ignoring_case(field.name, "x-forwarded-host");
      scheme = scheme || equals_ignoring_case(field.name, "x-forwarded-proto");
    }
    for_each_pair(fields, [this](const Pair& pair) {
      by = by || equals_ignoring_case(pair.name, "for");
      host = host || equals_ignoring_case(pair.name, "host");
      scheme = scheme || equals_ignoring_case(pair.name, "proto");
    });
  }

  bool by = false;
  bool host = false;
  bool scheme = false;
};

}  // namespace

bool is_forwarded_field(std::string_view name) {
  if (name.empty()) return false;
  const char first = name.front();
  if (first == 'f' || first == 'F') return equals_ignoring_case(name, "forwarded");
  if (first != 'x' && first != 'X') return false;
  return same_name(name.substr(0, kFamily.size()), kFamily) || same_name(name, "x-real-ip");
}

void settle_forwarded_fields(RequestHead& request, std::string_view peer, bool trusted) {
  bool any = false;
  request.fields.remove_if([trusted, &any](const Field& field) {
    if (!is_forwarded_field(field.name)) return false;
    const bool stays = trusted && field.name.find('_') == std::string_view::npos;
    any = any || stays;
    return !stays;
  });
  const Told told = any ? Told(request.fields) : Told();
  const std::string_view host = request.authority();
  if (!told.by && !peer.empty()) request.fields.add("X-Forwarded-For", peer);
  if (!told.host && !host.empty()) request.fields.add("X-Forwarded-Host", host);
  if (!told.scheme) request.fields.add("X-Forwarded-Proto", "http");
}

bool came_over_tls(const Fields& fields) {
  const Field* field = fields.find("x-forwarded-proto");
  if (field == nullptr) {
    return equals_ignoring_case(first_in_forwarded(fields, "proto"), "https");
  }
  // Each proxy adds its own: "https,http".
  const std::string_view first = field->value.substr(0, field->value.find(','));
  return equals_ignoring_case(trim(first), "https");
}

IpAddress client_address(const Fields& fields, const IpAddress& peer, const AddressSet& trusted) {
  IpAddress client = peer;
  const std::vector<std::string> nodes = passed_nodes(fields);
  for (auto node = nodes.rbegin(); node != nodes.rend() && trusted.contains(client); ++node) {
    const auto address = node_address(*node);
    if (!address) break;  // who is not named cannot be trusted further
    client = *address;
  }
  return client;
}

}  // namespace watchdog

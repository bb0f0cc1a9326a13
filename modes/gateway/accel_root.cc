#include "modes/gateway/accel_root.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>

#include "base/log.h"
#include "base/text.h"
#include "http/forward.h"

namespace watchdog {

namespace {

// Of the body that an application sends beside the name of a file.
constexpr uint64_t kMostDiscarded = 1024 * 1024;

constexpr std::string_view kRedirect = "X-Accel-Redirect";

// Those of which another server would delete the file, or send parts of several.
bool is_supported(std::string_view field) {
  return field != "X-Sendfile-Temporary" && field != "X-Sendfile2";
}

// Fields that are about the body which is thrown away, or mean nothing without it.
bool is_about_body(const Field& field) {
  constexpr std::array<std::string_view, 13> kNames = {"content-length",
                                                       "content-range",
                                                       "content-encoding",
                                                       "content-md5",
                                                       "content-digest",
                                                       "repr-digest",
                                                       "digest",
                                                       "etag",
                                                       "location",
                                                       "last-modified",
                                                       "accept-ranges",
                                                       "trailer",
                                                       "date"};
  return std::ranges::any_of(
      kNames, [&field](std::string_view name) { return equals_ignoring_case(field.name, name); });
}

// "/a/b" for "//a/./x/../b"; "" for "/". Nothing for what does not begin with '/', or climbs where
// that is refused.
std::optional<std::string> resolved(std::string_view path, bool may_climb) {
  if (!path.starts_with('/')) return std::nullopt;
  std::string plain;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    if (segment.empty() || segment == ".") continue;
    if (segment != "..") {
      plain.append("/").append(segment);
    } else if (may_climb) {
      plain.resize(plain.empty() ? 0 : plain.rfind('/'));
    } else {
      return std::nullopt;
    }
  }
  return plain;
}

// Applications that do not encode names have a '%' in them that means itself.
std::string decoded(std::string_view text) {
  auto plain = percent_decode(text);
  return plain ? std::move(*plain) : std::string(text);
}

}  // namespace

std::optional<std::string> name_below_accel_root(const Field& field,
                                                 const std::vector<std::string>& roots) {
  if (field.name == kRedirect) {
    auto path = resolved(decoded(field.value.substr(0, field.value.find('?'))), false);
    if (path) path->erase(0, 1);
    return path;
  }
  const auto path = resolved(decoded(field.value), true);
  if (!path) return std::nullopt;
  for (const std::string& root : roots) {
    const std::string start = resolved(root, true).value_or("") + "/";
    if (path->starts_with(start)) return path->substr(start.size());
  }
  return std::nullopt;
}

AccelResponse::AccelResponse(AccelRoot& root, const UpstreamResponse& head)
    : root_(root), field_(head.file_field.name), value_(head.file_field.value) {
  Fields kept;
  forward_fields(head, kept);
  for (const Field& field : kept) {
    if (!is_about_body(field)) said_.emplace_back(field.name, field.value);
  }
}

bool AccelResponse::discard(std::string_view bytes) {
  discarded_ += bytes.size();
  return discarded_ <= kMostDiscarded;
}

void AccelResponse::send(Exchange& exchange) const {
  exchange.hand_over([this, &exchange] {
    // Not by ResponseHead::timed: Site puts its own Cache-Control behind what was said.
    std::string seconds;
    append_seconds(seconds, exchange.elapsed(), 6);
    Fields said;
    said.reserve(said_.size() + 1);
    for (const auto& [name, value] : said_) said.add(name, value);
    said.add("X-Duration-Seconds", seconds);
    return root_.serve(exchange, {field_, value_}, said);
  });
}

Result<std::optional<ServedFolder>> AccelRoot::hold(const Config& config) {
  if (config.accel_root.empty()) return std::optional<ServedFolder>();
  const Links links = config.symlinks == Symlinks::kAny ? Links::kAnywhere : Links::kInside;
  auto folder = ServedFolder::hold("accel_root", config.accel_root, links);
  if (!folder) return Error{"accel_root=" + folder.error()};
  return std::optional(std::move(*folder));
}

AccelRoot::AccelRoot(const ModeContext& context, std::optional<ServedFolder> folder)
    : folder_(std::move(folder)), path_(context.config.accel_root) {
  if (!folder_) return;
  if (!path_.starts_with('/')) path_.insert(0, real_path(".") + "/");
  site_.emplace(context, *folder_, nullptr, 0);
}

std::unique_ptr<AccelResponse> AccelRoot::response(const UpstreamResponse& head) {
  const std::string_view field = head.file_field.name;
  if (head.file_field.value.empty()) return nullptr;
  if (site_ && is_supported(field)) return std::make_unique<AccelResponse>(*this, head);
  static std::atomic<bool> said = false;
  if (!said.exchange(true)) {
    log::event(log::Level::kWarning, "field_dropped",
               fmt::format("the function leaves a file to its server to send, by {}, {}; the field "
                           "was dropped, and the answer sent as it is (said once)",
                           field, site_ ? "which is not supported" : "but accel_root is not set"),
               {{"field", field}});
  }
  return nullptr;
}

std::unique_ptr<Invocation> AccelRoot::serve(Exchange& exchange, const Field& field,
                                             const Fields& said) {
  folder_->look_up_now();
  const auto name = name_below_accel_root(field, {path_, folder_->real_path()});
  const std::string asked = std::string(field.name) + ": " + std::string(field.value);
  return site_->serve_named(exchange, name.value_or(std::string()), said, asked);
}

}  // namespace watchdog

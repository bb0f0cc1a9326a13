#include "modes/static/plan.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <array>
#include <utility>

#include "base/text.h"
#include "http/conditional.h"
#include "modes/static/site_path.h"

namespace watchdog {

namespace {

constexpr std::string_view kForEver = "public, max-age=31536000, immutable";
constexpr std::string_view kAskFirst = "no-cache";
constexpr size_t kUsualFields = 8;

void add_origin_fields(Fields& fields, const Config& config) {
  if (config.static_cors.empty()) return;
  fields.add("Access-Control-Allow-Origin", config.static_cors);
  fields.add("Access-Control-Expose-Headers", "Accept-Ranges, Content-Range, ETag");
  if (config.static_cors != "*") fields.add("Vary", "Origin");
}

void add_said_fields(Fields& fields, const Fields& said) {
  for (const Field& field : said) {
    const bool is_type = equals_ignoring_case(field.name, "content-type");
    if (!is_type) fields.add(field.name, field.value);
  }
  const bool has_policy = said.find("cache-control") != nullptr || said.find("expires") != nullptr;
  if (!has_policy) fields.add("Cache-Control", kAskFirst);
}

// Those that a 304 repeats (RFC 9110 15.4.5).
void add_selection_fields(Fields& fields, const Representation& representation,
                          const Config& config) {
  fields.add("ETag", representation.file->etag);
  if (representation.said != nullptr) return add_said_fields(fields, *representation.said);
  const std::string_view otherwise = representation.fingerprinted ? kForEver : kAskFirst;
  const bool by_name = config.static_cache_control.empty() || caches_by_name(config);
  fields.add("Cache-Control", by_name ? otherwise : std::string_view(config.static_cache_control));
  if (representation.type->compressible) fields.add("Vary", "Accept-Encoding");
  add_origin_fields(fields, config);
}

void add_fields(Fields& fields, const Representation& representation, const Config& config) {
  if (!representation.coding.empty()) fields.add("Content-Encoding", representation.coding);
  const std::string& last_modified = representation.file->last_modified;
  if (!last_modified.empty()) fields.add("Last-Modified", last_modified);
  if (!representation.made_here) fields.add("Accept-Ranges", "bytes");
  if (representation.said == nullptr) fields.add("X-Content-Type-Options", "nosniff");
  add_selection_fields(fields, representation, config);
}

// Completes a plan whose body is a short text of ours. Of what an application has said its cookies
// count all the same.
Plan with_text(Plan plan, std::string text, const Fields* said, const Config& config) {
  Fields& fields = plan.head.fields;
  plan.head.content_length = text.size();
  plan.text = std::move(text);
  fields.add("Content-Type", "text/plain; charset=utf-8");
  fields.add("Cache-Control", kAskFirst);
  if (said == nullptr) {
    add_origin_fields(fields, config);
    return plan;
  }
  for (const Field& field : *said) {
    if (equals_ignoring_case(field.name, "set-cookie")) fields.add(field.name, field.value);
  }
  return plan;
}

Plan plan_redirect(const RequestHead& request, const Config& config) {
  Plan plan{.head = {.status = 301}};
  plan.add_kept("Location", folder_location(request.path(), request.query()));
  return with_text(std::move(plan), {}, nullptr, config);
}

Plan plan_listing(std::string page, const Config& config) {
  Plan plan{.text = std::move(page)};
  plan.head.content_length = plan.text.size();
  Fields& fields = plan.head.fields;
  fields.add("Content-Type", "text/html; charset=utf-8");
  fields.add("Cache-Control", kAskFirst);
  fields.add("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
  add_origin_fields(fields, config);
  return plan;
}

Plan plan_unsatisfiable(const Representation& representation, const Config& config) {
  Plan plan{.head = {.status = 416}};
  plan.add_kept("Content-Range", fmt::format("bytes */{}", representation.file->size()));
  return with_text(std::move(plan), "416: Range Not Satisfiable\n", representation.said, config);
}

std::string content_range(const ByteRange& range, uint64_t size) {
  return fmt::format("bytes {}-{}/{}", range.first, range.last(), size);
}

// What no file is likely to hold.
std::string new_boundary() {
  std::array<uint64_t, 2> random{};
  if (::getrandom(random.data(), sizeof random, GRND_NONBLOCK) < 0) {
    random[0] = static_cast<uint64_t>(std::time(nullptr));
  }
  return fmt::format("{:016x}{:016x}", random[0], random[1]);
}

// RFC 9110 14.6.
std::vector<Part> multipart(const std::vector<ByteRange>& ranges, const std::string& boundary,
                            std::string_view type, uint64_t size) {
  std::vector<Part> parts;
  parts.reserve(ranges.size() + 1);
  for (const ByteRange& range : ranges) {
    parts.push_back({fmt::format("\r\n--{}\r\nContent-Type: {}\r\nContent-Range: {}\r\n\r\n",
                                 boundary, type, content_range(range, size)),
                     range});
  }
  parts.push_back({fmt::format("\r\n--{}--\r\n", boundary)});
  return parts;
}

// What Range asks for, where it counts (RFC 9110 14.2).
RangeRequest select_ranges(const RequestHead& request, const Representation& representation,
                           std::time_t now) {
  const File& file = *representation.file;
  const std::string_view value = wanted_range(request);
  // Of nothing there is no range, and nginx as most servers sends that whole.
  if (value.empty() || file.size() == 0 || representation.made_here) return {};
  if (!range_may_apply(request, file.validators(), now)) return {};
  return resolve_range(value, file.size());
}

// Puts the parts that `wanted` selects into the plan, with their status and type.
void add_parts(Plan& plan, const Representation& representation, const RangeRequest& wanted) {
  const std::string& type = representation.type->text;
  const uint64_t size = representation.file->size();
  Fields& fields = plan.head.fields;
  if (wanted.kind == RangeRequest::Kind::kWhole) {
    fields.add("Content-Type", type);
    plan.parts.push_back({{}, {0, size}});
    return;
  }
  plan.head.status = 206;
  if (wanted.ranges.size() == 1) {
    fields.add("Content-Type", type);
    plan.add_kept("Content-Range", content_range(wanted.ranges[0], size));
    plan.parts.push_back({{}, wanted.ranges[0]});
    return;
  }
  const std::string boundary = new_boundary();
  plan.add_kept("Content-Type", "multipart/byteranges; boundary=" + boundary);
  plan.parts = multipart(wanted.ranges, boundary, type, size);
}

// Takes the length of the body from the parts, and leaves them out for HEAD.
void finish(Plan& plan, const RequestHead& request, const FilePointer& file) {
  uint64_t length = 0;
  for (const Part& part : plan.parts) length += part.preamble.size() + part.range.size;
  plan.head.content_length = length;
  if (request.method != "HEAD") plan.file = file;
}

}  // namespace

void Plan::add_kept(std::string_view name, std::string value) {
  head.fields.add(name, kept.emplace_front(std::move(value)));
}

Plan evaluate(const RequestHead& request, const Representation& representation,
              const Config& config, std::time_t now) {
  // What an application was asked to do by another method is done.
  const Precondition precondition =
      request.reads() ? check_preconditions(request, representation.file->validators(), now)
                      : Precondition::kMet;
  if (precondition == Precondition::kFailed) return plan_error(412, representation.said, config);
  Plan plan;
  plan.head.fields.reserve(kUsualFields);
  if (precondition == Precondition::kNotModified) {
    plan.head.status = 304;
    add_selection_fields(plan.head.fields, representation, config);
    return plan;
  }
  const RangeRequest wanted = select_ranges(request, representation, now);
  if (wanted.kind == RangeRequest::Kind::kUnsatisfiable) {
    return plan_unsatisfiable(representation, config);
  }
  add_parts(plan, representation, wanted);
  add_fields(plan.head.fields, representation, config);
  finish(plan, request, representation.file);
  return plan;
}

Plan plan_without_file(const RequestHead& request, const Lookup& lookup, const Config& config) {
  switch (lookup.kind) {
    case Lookup::Kind::kRedirect:
      return plan_redirect(request, config);
    case Lookup::Kind::kListing:
      return plan_listing(lookup.page, config);
    default:
      return plan_error(lookup.status, nullptr, config);
  }
}

Plan plan_error_page(const RequestHead& request, int status, const Representation& representation,
                     const Config& config) {
  Plan plan{.head = {.status = status}};
  plan.head.fields.add("Content-Type", representation.type->text);
  plan.head.fields.add("Cache-Control", kAskFirst);
  add_origin_fields(plan.head.fields, config);
  plan.parts.push_back({{}, {0, representation.file->size()}});
  finish(plan, request, representation.file);
  return plan;
}

Plan plan_error(int status, const Fields* said, const Config& config) {
  std::string text = fmt::format("{}: {}\n", status, reason_phrase(status));
  return with_text({.head = {.status = status}}, std::move(text), said, config);
}

Plan plan_other_method(const RequestHead& request, const Config& config) {
  const bool shared = !config.static_cors.empty();
  Plan plan{.head = {.status = 405}};
  Fields& fields = plan.head.fields;
  fields.add("Allow", shared ? "GET, HEAD, OPTIONS" : "GET, HEAD");
  if (!shared || request.method != "OPTIONS") {
    return with_text(std::move(plan), "405: only GET and HEAD are answered here\n", nullptr,
                     config);
  }
  plan.head.status = 204;
  add_origin_fields(fields, config);
  fields.add("Access-Control-Allow-Methods", "GET, HEAD");
  const Field* wanted = request.fields.find("access-control-request-headers");
  if (wanted != nullptr) fields.add("Access-Control-Allow-Headers", wanted->value);
  fields.add("Access-Control-Max-Age", "86400");
  return plan;
}

}  // namespace watchdog

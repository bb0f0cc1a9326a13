#include "modes/static/representation.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <array>
#include <ctime>

#include "base/text.h"
#include "http/conditional.h"

namespace watchdog {

namespace {

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

}  // namespace

std::string_view wanted_range(const RequestHead& request) {
  if (request.method != "GET") return {};
  std::string_view value;
  for (const Field& field : request.fields) {
    if (!equals_ignoring_case(field.name, "range")) continue;
    if (!value.empty()) return {};
    value = field.value;
  }
  return value;
}

Selection select_parts(const RequestHead& request, const Representation& representation) {
  using Kind = RangeRequest::Kind;
  const File& file = *representation.file;
  const std::string& type = representation.type->text;
  const std::string_view value = wanted_range(request);
  RangeRequest wanted;
  // Of nothing there is no range, and nginx as most servers sends that whole.
  if (!value.empty() && file.size() > 0 && !representation.made_here &&
      range_may_apply(request, file.validators(), std::time(nullptr))) {
    wanted = resolve_range(value, file.size());
  }
  if (wanted.kind == Kind::kUnsatisfiable) return {.status = 416};
  if (wanted.kind == Kind::kWhole) return {.type = type, .parts = {{{}, {0, file.size()}}}};
  if (wanted.ranges.size() == 1) {
    return {206, type, content_range(wanted.ranges[0], file.size()), {{{}, wanted.ranges[0]}}};
  }
  const std::string boundary = new_boundary();
  return {.status = 206,
          .type = "multipart/byteranges; boundary=" + boundary,
          .parts = multipart(wanted.ranges, boundary, type, file.size())};
}

uint64_t length_of(const std::vector<Part>& parts) {
  uint64_t length = 0;
  for (const Part& part : parts) length += part.preamble.size() + part.range.size;
  return length;
}

}  // namespace watchdog

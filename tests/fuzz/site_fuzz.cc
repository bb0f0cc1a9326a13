#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/conditional.h"
#include "http/content_coding.h"
#include "http/date.h"
#include "http/range.h"
#include "modes/gateway/source_files.h"
#include "modes/static/fingerprint.h"
#include "modes/static/media_types.h"
#include "modes/static/site_path.h"

// What a request asks of a static site: none of it may crash, and what is made of it must hold
// what the headers promise.

namespace {

using namespace watchdog;

constexpr std::time_t kNow = 1'700'000'000;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_path(std::string_view text) {
  const SitePath site = parse_site_path(text);
  static_cast<void>(is_fingerprinted(text));
  // A copy of a source is one.
  if (is_source_name(text, ".php")) require(is_source_name(std::string(text) + ".bak", ".php"));
  if (site.kind != SitePath::Kind::kFile && site.kind != SitePath::Kind::kFolder) return;
  require(site.name.find('\0') == std::string::npos);
  require(!site.name.starts_with('/') && !site.name.ends_with('/'));
  const std::string whole = "/" + site.name + "/";
  require(whole.find("/../") == std::string::npos && whole.find("/./") == std::string::npos);
  require(site.name.empty() || whole.find("//") == std::string::npos);
}

// The first two bytes say how long the file is.
void check_range(std::string_view text) {
  if (text.size() < 2) return;
  const uint64_t length =
      static_cast<unsigned char>(text[0]) * 256U + static_cast<unsigned char>(text[1]);
  const RangeRequest request = resolve_range(text.substr(2), length);
  require((request.kind == RangeRequest::Kind::kPartial) == !request.ranges.empty());
  require(request.ranges.size() <= kMostRanges);
  uint64_t total = 0;
  for (const ByteRange& range : request.ranges) {
    require(range.size > 0 && range.first < length && range.last() < length);
    total += range.size;
  }
  require(total <= length);
}

void check_date(std::string_view text) {
  const auto date = parse_http_date(text, kNow);
  if (date) require(parse_http_date(format_http_date(*date), kNow) == date || *date < 0);
}

void check_fields(std::string_view text) {
  RequestHead request{.method = "GET", .target = "/"};
  for (const std::string_view name :
       {"Accept-Encoding", "If-Match", "If-None-Match", "If-Modified-Since", "If-Range"}) {
    request.fields.add(name, text);
  }
  for (const std::string_view coding : {"gzip", "br", "identity"}) {
    const int quality = coding_quality(request.fields, coding);
    require(quality >= 0 && quality <= 1000);
  }
  const Validators state{"\"a\"", kNow};
  static_cast<void>(check_preconditions(request, state, kNow));
  static_cast<void>(range_may_apply(request, state, kNow));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_path(text);
  check_range(text);
  check_date(text);
  check_fields(text);
  static_cast<void>(MediaTypes(text).find(text));
  return 0;
}

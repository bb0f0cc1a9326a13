#include "modes/static/representation.h"

#include <array>
#include <cstdint>
#include <utility>

#include "base/text.h"
#include "http/content_coding.h"
#include "modes/static/fingerprint.h"

namespace watchdog {

namespace {

// A file beside another that holds the same in a coding, best first.
struct Sibling {
  std::string_view coding;
  std::string_view suffix;
};
constexpr std::array<Sibling, 3> kSiblings = {{{"br", ".br"}, {"zstd", ".zst"}, {"gzip", ".gz"}}};
// A sibling that is older than its file by more than this is of an older state.
constexpr int64_t kSiblingLag = 2'000'000'000;

// Takes the sibling that the client likes best, if it likes one better than the file itself.
bool take_sibling(const RequestHead& request, const std::string& name, SiteFiles& files,
                  Representation& representation) {
  const Fields& fields = request.fields;
  if (fields.find("accept-encoding") == nullptr) return false;
  const int64_t modified = representation.file->identity.modified;
  int best = coding_quality(fields, "identity");
  bool found_one = false;
  for (const Sibling& sibling : kSiblings) {
    const int quality = coding_quality(fields, sibling.coding);
    if (quality == 0 || quality < best || (found_one && quality == best)) continue;
    FileLookup found = files.find(name + std::string(sibling.suffix));
    if (!found.file) continue;
    if (modified - found.file->identity.modified > kSiblingLag) continue;
    representation.file = std::move(found.file);
    representation.coding = sibling.coding;
    best = quality;
    found_one = true;
  }
  return found_one;
}

bool wants_gzip(const RequestHead& request, const Config& config) {
  if (!config.static_gzip || !wanted_range(request).empty()) return false;
  const int quality = coding_quality(request.fields, "gzip");
  return quality > 0 && quality >= coding_quality(request.fields, "identity");
}

}  // namespace

Representation as_it_is(const std::string& name, FilePointer file, const Config& config) {
  return {.file = std::move(file),
          .type = &MediaTypes::of_this_system().find(name),
          .fingerprinted = caches_by_name(config) && is_fingerprinted(name)};
}

Representation negotiate(const RequestHead& request, const Lookup& lookup, SiteFiles& files,
                         const Config& config) {
  Representation chosen = as_it_is(lookup.name, lookup.file, config);
  if (!chosen.type->compressible) return chosen;
  if (take_sibling(request, lookup.name, files, chosen)) return chosen;
  chosen.gzip_wanted = wants_gzip(request, config);
  return chosen;
}

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

}  // namespace watchdog

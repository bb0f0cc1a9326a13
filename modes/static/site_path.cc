#include "modes/static/site_path.h"

#include <algorithm>

#include "base/text.h"

namespace watchdog {

SitePath parse_site_path(std::string_view path) {
  using Kind = SitePath::Kind;
  SitePath site{.kind = path.ends_with('/') ? Kind::kFolder : Kind::kFile};
  while (!path.empty()) {
    const size_t slash = std::min(path.find('/'), path.size());
    const auto segment = percent_decode(path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (!segment || segment->find('\0') != std::string::npos) return {Kind::kMalformed};
    if (segment->empty()) continue;
    const bool well_known = site.name.empty() && *segment == ".well-known";
    const bool has_slash = segment->find('/') != std::string::npos;
    if (segment->starts_with('.') && !well_known) {
      site.kind = Kind::kHidden;
      site.climbs = site.climbs || has_slash || *segment == "." || *segment == "..";
    } else if (has_slash && site.kind != Kind::kHidden) {
      site.kind = Kind::kNowhere;
    }
    if (!site.name.empty()) site.name += '/';
    site.name += *segment;
  }
  return site;
}

std::string folder_location(std::string_view path, std::string_view query) {
  // "./" keeps a name with a colon from looking like a scheme.
  std::string location = "./";
  location.append(path.substr(path.rfind('/') + 1)).append("/");
  if (!query.empty()) location.append("?").append(query);
  return location;
}

}  // namespace watchdog

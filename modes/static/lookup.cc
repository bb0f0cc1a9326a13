#include "modes/static/lookup.h"

#include <utility>

#include "modes/static/listing.h"

namespace watchdog {

namespace {

// Whether a person follows a link, rather than a page asking for one of its parts.
bool is_navigation(const RequestHead& request, const std::string& name) {
  if (request.fields.lists("accept", "text/html")) return true;
  const size_t start = name.rfind('/') + 1;
  const size_t extension = name.find('.', start);
  // A dot in front is none: "/u/.bob".
  return (extension == start ? name.find('.', start + 1) : extension) == std::string::npos;
}

Lookup refused(int status) {
  return {.kind = Lookup::Kind::kRefused, .status = status};
}

}  // namespace

FileLookup SiteFiles::find(const std::string& name) {
  FileLookup found = store_.find(name);
  while (found.kind == FileLookup::Kind::kFailed && loop_.made_room(found.error)) {
    found = store_.find(name);
  }
  return found;
}

Lookup SiteFiles::resolve(const RequestHead& request) {
  const SitePath path = parse_site_path(request.path());
  switch (path.kind) {
    case SitePath::Kind::kMalformed:
      return refused(400);
    case SitePath::Kind::kHidden:
      // Whether or not there is such a file, the path is treated as one of the application's.
      return path.climbs ? not_found() : missing(request, path.name);
    case SitePath::Kind::kNowhere:
      return missing(request, path.name);
    case SitePath::Kind::kFile:
    case SitePath::Kind::kFolder:
      break;
  }
  return resolve_path(request, path);
}

Lookup SiteFiles::resolve_path(const RequestHead& request, const SitePath& path) {
  const bool folder = path.kind == SitePath::Kind::kFolder;
  std::string name = !folder             ? path.name
                     : path.name.empty() ? "index.html"
                                         : path.name + "/index.html";
  FileLookup found = find(name);
  // Perhaps only because the folder has gone since it was looked up.
  if (found.kind == FileLookup::Kind::kMissing && folder_.look_up_now()) found = find(name);
  switch (found.kind) {
    case FileLookup::Kind::kFile:
      return {.kind = Lookup::Kind::kFile, .name = std::move(name), .file = std::move(found.file)};
    case FileLookup::Kind::kFolder:
      return folder ? missing(request, name) : Lookup{.kind = Lookup::Kind::kRedirect};
    case FileLookup::Kind::kMissing:
      if (folder && config_.static_listing) {
        auto page = listing_page(store_.folder(), path.name);
        if (page) return {.kind = Lookup::Kind::kListing, .page = std::move(*page)};
      }
      return missing(request, path.name);
    case FileLookup::Kind::kForbidden:
      return refused(403);
    case FileLookup::Kind::kFailed:
      break;
  }
  return {.kind = Lookup::Kind::kFailed, .name = std::move(name), .error = found.error};
}

Lookup SiteFiles::missing(const RequestHead& request, const std::string& name) {
  if (!config_.static_fallback.empty() && is_navigation(request, name)) {
    std::string fallback = config_.static_fallback.substr(1);
    FileLookup found = find(fallback);
    if (found.file) return {Lookup::Kind::kFile, 200, std::move(fallback), std::move(found.file)};
  }
  return not_found();
}

Lookup SiteFiles::not_found() {
  if (!config_.static_404.empty()) {
    std::string page = config_.static_404.substr(1);
    FileLookup found = find(page);
    if (found.file) return {Lookup::Kind::kErrorPage, 404, std::move(page), std::move(found.file)};
  }
  return refused(404);
}

}  // namespace watchdog
